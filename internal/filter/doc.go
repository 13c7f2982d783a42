// Package filter is the one language in which recorded events are looked for: the live
// view's "/", events list --filter, and the flags with which replay chooses.
//
// A query is terms between blanks, and what matches it matches each of them:
//
//	type:document.*   the event's type; * stands for any characters, ? for one
//	status:500        how the delivery's last attempt was answered: a code, or 5xx for a
//	                  hundred of them
//	status:failed     or in a word where the delivery stands (failed, succeeded, pending,
//	                  held, exhausted, cancelled; failed includes exhausted), or how its
//	                  last attempt ended without an answer (timeout, no-connect,
//	                  broken-off, interrupted, refused)
//	sig:bad           the signature: ok, bad, missing, or off for one that wasn't checked
//	drift:yes         whether the body departs from what is known of its type: yes or no
//	dup:yes           whether an earlier request had the same event id: yes or no
//	origin:replay     what made the delivery: received, trigger or replay
//	target:3000       text in the URL that it goes to
//	id:evt_ab         the beginning of the event's, the request's or the delivery's id
//	since:10m         not before then: so long ago (s, m, h, d), a date, or a time as in
//	                  2026-01-02T15:04:05Z; without a zone it is a local one
//	until:2026-01-02  before then; a date's day is part of it
//	anything else     text in the body, an id or the type, in capitals or not
//
// A minus before a term turns it round. Text with blanks in it, or that looks like a term,
// stands in double quotes, in which \" and \\ mean the second character. What has no
// delivery matches no status, origin or target, and so it matches each of them turned
// round.
//
// The package is pure: time is an argument.
package filter
