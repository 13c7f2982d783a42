// Package check probes a running webhook handler and scores it: it sends what production
// sends sooner or later (every type of event, bodies written in odd ways, forged
// signatures, duplicates, bursts, broken connections) and says of each whether the
// handler took it as it should.
//
// A probe is one question. Its result is what was seen and, where that is wrong, the
// cause and the fix for Express, Flask and Go. Causes go by what the handler did: a
// request without a signature that is accepted has another cause than one that makes
// the handler throw. To add a probe is to add a row to one of the tables in genuine.go,
// forged.go and manners.go, and a cause to advice.go.
//
// Most probes mean something only where the handler accepts a genuine event: one that
// refuses everything refuses forged events too. The first genuine event that is sent is
// that ground; without it such probes are skipped rather than failed or passed, so that
// one mistake is one failure.
//
// The genuine events are real to the app, which may act on them. Their ids are new ones
// that begin with IDPrefix, so that what they left can be found again. Nothing is
// recorded, and nothing is sent anywhere but to the target.
package check

//go:generate go test -run TestDocs -update .
