// Serves grpc.testing.BenchmarkService with tonic, on one thread: the server has one core. Usage: tonic_server HOST:PORT
use std::pin::Pin;

use tokio_stream::wrappers::TcpListenerStream;
use tokio_stream::{Stream, StreamExt};
use tonic::{Request, Response, Status, Streaming};

pub mod testing {
    tonic::include_proto!("grpc.testing");
}

use testing::benchmark_service_server::{BenchmarkService, BenchmarkServiceServer};
use testing::{Payload, SimpleRequest, SimpleResponse};

fn answer(request: SimpleRequest) -> SimpleResponse {
    let payload = if request.response_size > 0 {
        Some(Payload { body: vec![0; request.response_size as usize], ..Default::default() })
    } else {
        request.payload
    };
    SimpleResponse { payload, ..Default::default() }
}

type Answers = Pin<Box<dyn Stream<Item = Result<SimpleResponse, Status>> + Send>>;

fn ping_pong(requests: Streaming<SimpleRequest>) -> Response<Answers> {
    Response::new(Box::pin(requests.map(|request| request.map(answer))))
}

struct Service;

#[tonic::async_trait]
impl BenchmarkService for Service {
    async fn unary_call(&self, request: Request<SimpleRequest>) -> Result<Response<SimpleResponse>, Status> {
        Ok(Response::new(answer(request.into_inner())))
    }

    type StreamingCallStream = Answers;
    async fn streaming_call(&self, request: Request<Streaming<SimpleRequest>>) -> Result<Response<Answers>, Status> {
        Ok(ping_pong(request.into_inner()))
    }

    async fn streaming_from_client(&self, request: Request<Streaming<SimpleRequest>>) -> Result<Response<SimpleResponse>, Status> {
        let mut requests = request.into_inner();
        let mut last = SimpleRequest::default();
        while let Some(request) = requests.message().await? {
            last = request;
        }
        Ok(Response::new(answer(last)))
    }

    type StreamingFromServerStream = Answers;
    async fn streaming_from_server(&self, request: Request<SimpleRequest>) -> Result<Response<Answers>, Status> {
        let response = answer(request.into_inner());
        Ok(Response::new(Box::pin(tokio_stream::iter(std::iter::repeat_with(move || Ok(response.clone()))))))
    }

    type StreamingBothWaysStream = Answers;
    async fn streaming_both_ways(&self, request: Request<Streaming<SimpleRequest>>) -> Result<Response<Answers>, Status> {
        Ok(ping_pong(request.into_inner()))
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args().nth(1).ok_or("usage: tonic_server HOST:PORT")?;
    let listener = tokio::net::TcpListener::bind(address).await?;
    eprintln!("event=listening endpoint=grpc address={}", listener.local_addr()?);
    let incoming = TcpListenerStream::new(listener).map(|connection| {
        if let Ok(stream) = &connection {
            stream.set_nodelay(true)?;
        }
        connection
    });
    tonic::transport::Server::builder().add_service(BenchmarkServiceServer::new(Service)).serve_with_incoming(incoming).await?;
    Ok(())
}
