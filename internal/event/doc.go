// Package event holds the two things that everything else in solatis is about:
// the Envelope, which is what Solatis tells, and the Request, which is how it
// arrived.
//
// A Request is an HTTP request exactly as it came in on an endpoint. Its body is
// never parsed and written again, because one changed byte breaks the signature;
// an Envelope is only ever read out of it (see Parse), and a Request that holds
// none is still a Request.
//
// The package does no I/O and imports nothing but the standard library. Time is an
// argument.
package event
