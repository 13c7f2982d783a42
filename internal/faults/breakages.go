package main

// The breakages are mistakes that somebody could make, each in a few lines.

// answerBeforeCommit says that a write is durable while its transaction is still open.
var answerBeforeCommit = breakage{"answer-before-commit", []edit{
	{"internal/sqlitedb/writer.go",
		"\tif err := w.conn.run(\"COMMIT\"); err != nil {",
		`	for _, o := range batch {
		o.done <- nil
		o.done = make(chan error, 1)
	}
	time.Sleep(50 * time.Millisecond)
	if err := w.conn.run("COMMIT"); err != nil {`},
}}

// positionBeforeRecord moves the agent's position in a transaction of its own, before
// that of the requests.
var positionBeforeRecord = breakage{"position-before-record", []edit{
	{"internal/listen/record.go",
		"\t\trecorded, err := s.History.Record(",
		`		_, _ = s.History.Record(context.WithoutCancel(ctx), history.Batch{Agent: s.Relay.position(), Position: p.at})
		time.Sleep(50 * time.Millisecond)
		recorded, err := s.History.Record(`},
}}

// reversedQueue starts the newest of the waiting deliveries first.
var reversedQueue = breakage{"reversed-queue", []edit{
	{"internal/listen/queue.go", "\treturn h[i].seq < h[k].seq\n", "\treturn h[i].seq > h[k].seq\n"},
	{"internal/listen/queue.go", "first.seq <= q.expected", "first.seq > 0"},
}}

// synchronousOff never waits for the disk.
var synchronousOff = breakage{"synchronous-off", []edit{
	{"internal/sqlitedb/db.go", "\treturn \"2\"\n", "\treturn \"0\"\n"},
}}

// synchronousNormal waits for the disk at checkpoints only.
var synchronousNormal = breakage{"synchronous-normal", []edit{
	{"internal/sqlitedb/db.go", "\treturn \"2\"\n", "\treturn \"1\"\n"},
}}

// answerOnFullDisk takes a full disk for a success.
var answerOnFullDisk = breakage{"answer-on-full-disk", []edit{
	{"internal/relay/ingest.go",
		"\tentry, err := r.accept(ctx, w, req, e, in)\n\tif err != nil {",
		"\tentry, err := r.accept(ctx, w, req, e, in)\n\tif err != nil && !errors.Is(err, ErrDiskFull) {"},
}}

// recordOnFullDisk acknowledges what the history could not be given.
var recordOnFullDisk = breakage{"record-on-full-disk", []edit{
	{"internal/listen/record.go",
		"\t\tif err == nil {\n\t\t\treturn recorded, true",
		"\t\tif err != nil {\n\t\t\trecorded = make([]history.Recorded, len(records))\n\t\t}\n\t\tif true {\n\t\t\treturn recorded, true"},
}}

// takeBrokenBodies takes what came of a body for the whole of it.
var takeBrokenBodies = breakage{"take-broken-bodies", []edit{
	{"internal/relay/ingest.go",
		"io.LimitReader(b, spoolAbove+1)); err != nil {",
		"io.LimitReader(b, spoolAbove+1)); err != nil && buf.Len() == 0 {"},
}}

// endlessHeaders lets a sender take any time for its headers.
var endlessHeaders = breakage{"endless-headers", []edit{
	{"internal/relay/server/server.go", "readHeaderTimeout = 10 * time.Second", "readHeaderTimeout = time.Hour"},
}}

// crowded has places for 32 senders at a time, and lets who finds none wait. A sender keeps
// its place as long as its body comes and its answer is awaited.
func crowded(wait string) breakage {
	return breakage{"crowded-" + wait, []edit{
		{"internal/relay/ingest.go", "\tin := r.incoming(req, from, extra)\n", `	in := r.incoming(req, from, extra)
	select {
	case places <- struct{}{}:
		defer func() { <-places }()
	case <-time.After(` + wait + `):
	}
`},
		{"internal/relay/ingest.go", "func (r *Relay) known(", "var places = make(chan struct{}, 32)\n\nfunc (r *Relay) known("},
	}}
}

// oneBodyAtATime reads the next sender's body when that of the one before has come.
var oneBodyAtATime = breakage{"one-body-at-a-time", []edit{
	{"internal/relay/ingest.go", "\tfirst, err := body.part(req.ContentLength)\n",
		"\treading <- struct{}{}\n\tfirst, err := body.part(req.ContentLength)\n\t<-reading\n"},
	{"internal/relay/ingest.go", "func (r *Relay) known(", "var reading = make(chan struct{}, 1)\n\nfunc (r *Relay) known("},
}}

// slowStart takes a while before each delivery.
var slowStart = breakage{"slow-start", []edit{
	{"internal/listen/queue.go", "\t\tq.started.Go(func() { q.start(j) })\n",
		"\t\tq.started.Go(func() { time.Sleep(100 * time.Millisecond); q.start(j) })\n"},
	{"internal/listen/queue.go", "\t\"sync\"\n", "\t\"sync\"\n\t\"time\"\n"},
}}

// noSpool keeps every body in memory.
var noSpool = breakage{"no-spool", []edit{
	{"internal/relay/ingest.go", "\tspoolAbove = 256 << 10\n", "\tspoolAbove = 1 << 30\n"},
}}

// mixedParts sends what was read of a large body from its end to its beginning.
var mixedParts = breakage{"mixed-parts", []edit{
	{"internal/relay/push.go", "\tpart := b.part[:n]\n", "\tpart := b.part[len(b.part)-n:]\n"},
	{"internal/relay/push.go", "\tb.part, b.offset = b.part[n:],", "\tb.part, b.offset = b.part[:len(b.part)-n],"},
}}

// noUnload keeps every waiting body in the agent's memory.
var noUnload = breakage{"no-unload", []edit{
	{"internal/listen/queue.go", "\tif q.bytes > maxQueuedBytes && j.size > 0 {", "\tif false {"},
}}

// resumeFromSent goes on after what an agent was sent, whatever it says that it has.
var resumeFromSent = breakage{"resume-from-sent", []edit{
	{"internal/relay/join.go",
		"\tat := event.Position{Epoch: hello.Epoch, Seq: hello.Seq}\n",
		`	at := event.Position{Epoch: hello.Epoch, Seq: hello.Seq}
	a.endpoint.mu.Lock()
	at.Seq = max(at.Seq, a.endpoint.sent[a.name])
	a.endpoint.mu.Unlock()
`},
}}

// neverDead takes no connection for dead, however long it is silent.
var neverDead = breakage{"never-dead", []edit{
	{"internal/wsconn/wsconn.go", "DeadAfter        = 25 * time.Second", "DeadAfter        = 25 * time.Hour"},
}}

// eternalTokens lets agents stay whose token has expired.
var eternalTokens = breakage{"eternal-tokens", []edit{
	{"internal/relay/admit.go", "\tif !bearer.Expires.IsZero() {", "\tif false {"},
}}

// eternalHold keeps requests for agents that never come back.
var eternalHold = breakage{"eternal-hold", []edit{
	{"internal/relay/sqlitestore/trim.go",
		"absent := limits.AgentRetention > 0 && now.Sub(a.seen) > limits.AgentRetention",
		"absent := now.IsZero()"},
}}

// endlessWatch leaves a goroutine behind with each connection.
var endlessWatch = breakage{"endless-watch", []edit{
	{"internal/tunnel/tunnel.go", "\treturn func() { close(done); <-ended }\n", "\treturn func() {}\n"},
}}
