// Serves grpc.testing.BenchmarkService with grpc-go. Usage: server HOST:PORT
package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"

	"google.golang.org/grpc"
	pb "google.golang.org/grpc/interop/grpc_testing"
)

type service struct {
	pb.UnimplementedBenchmarkServiceServer
}

func answer(request *pb.SimpleRequest) *pb.SimpleResponse {
	if request.ResponseSize > 0 {
		return &pb.SimpleResponse{Payload: &pb.Payload{Body: make([]byte, request.ResponseSize)}}
	}
	return &pb.SimpleResponse{Payload: request.Payload}
}

func (service) UnaryCall(_ context.Context, request *pb.SimpleRequest) (*pb.SimpleResponse, error) {
	return answer(request), nil
}

type duplex interface {
	Recv() (*pb.SimpleRequest, error)
	Send(*pb.SimpleResponse) error
}

func pingPong(stream duplex) error {
	for {
		request, err := stream.Recv()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if err := stream.Send(answer(request)); err != nil {
			return err
		}
	}
}

func (service) StreamingCall(stream pb.BenchmarkService_StreamingCallServer) error {
	return pingPong(stream)
}

func (service) StreamingBothWays(stream pb.BenchmarkService_StreamingBothWaysServer) error {
	return pingPong(stream)
}

func (service) StreamingFromClient(stream pb.BenchmarkService_StreamingFromClientServer) error {
	last := &pb.SimpleRequest{}
	for {
		request, err := stream.Recv()
		if err == io.EOF {
			return stream.SendAndClose(answer(last))
		}
		if err != nil {
			return err
		}
		last = request
	}
}

func (service) StreamingFromServer(request *pb.SimpleRequest, stream pb.BenchmarkService_StreamingFromServerServer) error {
	response := answer(request)
	for {
		if err := stream.Send(response); err != nil {
			return err
		}
	}
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: server HOST:PORT")
		os.Exit(2)
	}
	listener, err := net.Listen("tcp", os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	server := grpc.NewServer()
	pb.RegisterBenchmarkServiceServer(server, service{})
	fmt.Fprintf(os.Stderr, "event=listening endpoint=grpc address=%s\n", listener.Addr())
	if err := server.Serve(listener); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
