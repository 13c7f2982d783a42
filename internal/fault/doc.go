// Package fault makes things go wrong on purpose: it sends a webhook twice, late, in the
// wrong order, with a forged signature or with half of its body, as production does
// sooner or later and a laptop never does.
//
// A Spec is one fault as somebody writes it, such as "delay:p=10%,by=2s". A Plan is
// specs and a seed. It says for the n-th request which faults happen to it, and says the
// same in every run, since it depends on nothing but the seed, n and the event's type: no
// clock, and no request before it.
//
// What a fault does is one of three things:
//
//   - It changes the request: its signature or its content type. Faults.Apply does that
//     to a copy.
//   - It changes how the request is written: part of its body, slowly, or with a reset in
//     the middle. Turn.Send does that on a connection of its own.
//   - It changes when, or how often: Turn.Hold, Turn.Wait and InTurn keep a request back,
//     Turn.Send drops it, and Turn.Copies are its duplicates.
//
// A sender makes one Gate for its run and one Turn for each request on its way to each
// target. A Turn goes through Hold (or Wait), then Send, then Copies; with a nil Gate all
// of them do what happens without faults.
//
// Only first attempts go wrong. What fails by a fault is retried like any other failure,
// and the retry is as it should be, so that nothing is lost by a fault. Every attempt that
// a fault had a part in says so in its delivery.Outcome's Fault.
package fault
