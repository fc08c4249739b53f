// What the sanitizers must not report about libgrpc, which Debian builds without instrumentation, so
// that its own locks are invisible to them. Linked into whatever links gRPC; nothing else is suppressed.

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
extern "C" __attribute__((used, visibility("default"))) const char* __tsan_default_suppressions() {
  return "race:libgrpc.so\n"
         "race:libgrpc++.so\n"
         "race:libgpr.so\n"
         // What libgrpc itself is built on; nothing of ours uses these.
         "race:libupb.so\n"
         // TLS, which libgrpc hands from thread to thread under locks of its own. Our own use of it never leaves the loop thread.
         "race:libssl.so\n"
         "race:libcrypto.so\n"
         // The last release of a shared_ptr of libgrpc: the weak symbol is taken from whichever library has it first.
         "race:libspdlog.so\n"
         // What libgrpc has read, taken up by code of its headers in clients, which only tests are.
         "race:grpc::internal::CallOpClientRecvStatus::FinishOp\n"
         "race:libabsl_\n";
}
#endif
#if __has_feature(address_sanitizer)
// Kept by libgrpc for the life of the process, behind pointers that the leak check cannot follow.
extern "C" __attribute__((used, visibility("default"))) const char* __lsan_default_suppressions() {
  return "leak:libgrpc.so\n"
         // Ten bytes of c-ares, by which libgrpc resolves the names that tests connect to.
         "leak:libcares.so\n";
}
#endif
#endif
