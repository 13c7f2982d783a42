// Package send makes one HTTP attempt: a request goes in, its outcome comes out.
//
// A Target is the local URL that requests are forwarded to. It comes from the
// developer's own flags and is the only place that a Sender ever connects to: no
// redirect is followed, no proxy is used, and nothing in a request can lead elsewhere.
//
// What reaches the target is what came in on the endpoint, byte for byte. The body and
// all values of all headers stay as they are; gone are only the headers that are about
// one connection (RFC 9110 section 7.6.1), and added are only X-Forwarded-For,
// X-Forwarded-Host and X-Forwarded-Proto, and what Options.Header says. Host becomes the
// target's unless Options say otherwise.
//
// Nothing is retried here, and a Sender has no opinion on what an outcome means for a
// delivery: package delivery has.
package send
