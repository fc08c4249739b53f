// The protos of Debian's package grpc-proto; PROTO_FOLDER says where they are.
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::var("PROTO_FOLDER")?;
    println!("cargo:rerun-if-env-changed=PROTO_FOLDER");
    let service = format!("{folder}/grpc/testing/benchmark_service.proto");
    tonic_build::configure().build_client(false).compile_protos(&[service], &[folder])?;
    Ok(())
}
