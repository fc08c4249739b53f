# Installs the Debian packages of tools/packages.txt that are missing. Sourced, never run.

# packages_for GROUP...: the names of the packages in those groups.
packages_for() {
  awk -v groups=" $* " '!/^#/ && NF && index(groups, " " $2 " ") { print $1 }' tools/packages.txt
}

missing_packages() {
  local package
  for package in $(packages_for "$@"); do
    dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || echo "$package"
  done
}

as_root() {
  if [[ $EUID -eq 0 ]]; then
    env "$@"
  elif command -v sudo >/dev/null; then
    sudo env "$@"
  else
    die "installing packages needs root, and there is no sudo; as root run: apt-get install $(missing_packages build test | xargs)"
  fi
}

apt_get() {
  as_root DEBIAN_FRONTEND=noninteractive apt-get -o Dpkg::Use-Pty=0 -o Acquire::Retries=3 "$@"
}

# The package lists are fetched only when some package is unknown to them.
package_lists_lack() { [[ $(apt-cache pkgnames | grep -cxF -f <(printf '%s\n' "$@")) -lt $# ]]; }

# One line for every tenth package, and whatever went wrong.
show_apt_progress() {
  awk '/^Setting up/ { if (++n % 10 == 0) { printf "    %d packages set up\n", n; fflush() } }
       /^(E:|W:|dpkg: error)/ { print "    " $0; fflush() }'
}

# Debian starts what it installs; the tests start a Prometheus of their own and need only the program.
stop_prometheus_service() {
  [[ -d /run/systemd/system ]] || return 0
  note "stopping the prometheus service of the system, which came with the package"
  as_root systemctl disable --now prometheus >/dev/null 2>&1 || true
}

# install_packages GROUP...
install_packages() {
  local missing
  mapfile -t missing < <(missing_packages "$@")
  if [[ ${#missing[@]} -eq 0 ]]; then
    step "Debian packages: all there"
    return 0
  fi
  command -v apt-get >/dev/null || die "this is not a Debian system; the packages to install by hand: ${missing[*]}"
  step "Debian packages: installing ${#missing[@]} (tools/packages.txt says what each is for)"
  if package_lists_lack "${missing[@]}"; then
    note "fetching the package lists"
    apt_get -qq update
  fi
  apt_get -y --no-install-recommends install "${missing[@]}" 2>&1 | show_apt_progress || {
    note "that failed; once more with fresh package lists"
    apt_get -qq update
    apt_get -y --no-install-recommends install "${missing[@]}" 2>&1 | show_apt_progress ||
      die "apt-get could not install: $(missing_packages "$@" | xargs)"
  }
  if [[ " ${missing[*]} " == *" prometheus "* ]]; then stop_prometheus_service; fi
}
