package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
)

// tracedCalls are all that read from a sender, write to a disk or a sender, or make it
// durable.
const tracedCalls = "open,openat,creat,read,readv,recvfrom,recvmsg,write,writev,sendto,sendmsg,sendfile,splice,copy_file_range," +
	"pwrite64,pwritev,pwritev2,truncate,ftruncate,fallocate,rename,renameat,renameat2,link,linkat,unlink,unlinkat," +
	"fsync,fdatasync,sync_file_range,msync"

// traced is a relay whose system calls were followed from its start to its kill, under
// load.
type traced struct {
	*trial
	relay  *relay
	ledger *ledger
	posted map[string][]string // ids by the senders' addresses, in order
	before map[string][]byte   // the data folder's files when it started
	log    string
}

// traceSenders post at the same time; a few, so that commits hold several requests each.
const traceSenders = 10

// strace is the command that follows a program with all its threads into a log. length
// is how much of each string the log has. With -D it is the program, not strace, that is
// our child and gets killed.
func strace(log string, length int) ([]string, error) {
	program, err := exec.LookPath("strace")
	if err != nil {
		return nil, &cannotRun{"strace is missing"}
	}
	return []string{program, "-D", "-f", "-q", "-yy", "-xx", "--seccomp-bpf", "-s", strconv.Itoa(length), "-e", "trace=" + tracedCalls, "-o", log}, nil
}

// trace runs a relay with an agent until so many events are acknowledged, and kills it.
func (t *trial) trace(ctx context.Context, events, length int, size func(int) int) (*traced, error) {
	data, err := t.sub("relay")
	if err != nil {
		return nil, err
	}
	x := &traced{trial: t, ledger: newLedger(), posted: map[string][]string{}, log: filepath.Join(t.dir, "trace")}
	if x.relay, err = t.newRelay(ctx, data); err != nil {
		return nil, err
	}
	if x.before, err = readFolder(data); err != nil {
		return nil, err
	}
	if x.relay.under, err = strace(x.log, length); err != nil {
		return nil, err
	}
	if err := x.relay.start(ctx); err != nil {
		return nil, err
	}
	defer x.relay.kill() // returns once strace has written all: it holds the same pipe
	return x, x.run(ctx, events, size)
}

func (x *traced) run(ctx context.Context, events int, size func(int) int) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	app, err := x.newApp(ctx)
	if err != nil {
		return err
	}
	a, err := x.newAgent("traced", x.relay, app)
	if err != nil {
		return err
	}
	if err := a.start(ctx); err != nil {
		return err
	}
	defer a.kill()
	path, err := a.path()
	if err != nil {
		return err
	}
	l := &load{host: x.relay.host, path: path, ledger: x.ledger, prefix: "t", senders: traceSenders, until: events, size: size}
	if err := l.run(ctx); err != nil {
		return err
	}
	for _, s := range l.all {
		for from, ids := range s.posted {
			x.posted[from] = ids
		}
	}
	return nil
}

// readFolder returns the files in a folder by their names.
func readFolder(dir string) (map[string][]byte, error) {
	list, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	all := map[string][]byte{}
	for _, f := range list {
		if !f.Type().IsRegular() {
			continue
		}
		if all[f.Name()], err = os.ReadFile(filepath.Join(dir, f.Name())); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// answers are the answers that a trace has, each with the event that it was for.
type answers struct {
	posted map[string][]string
	read   map[string]int // line on which the last byte from an address was read
	n      map[string]int // answers to each address
	all    []answer
}

// answer is a 2xx on its way to a sender.
type answer struct {
	id    string
	read  int // the line on which the request's last byte was read
	begin int // the line on which the writing of the answer began
}

func newAnswers(posted map[string][]string) *answers {
	return &answers{posted: posted, read: map[string]int{}, n: map[string]int{}}
}

// see takes a call, and reports whether it was of a sender's connection.
func (s *answers) see(c call) bool {
	file, _ := c.file()
	from, ok := peer(file)
	ids := s.posted[from]
	if !ok || len(ids) == 0 {
		return false
	}
	switch c.name {
	case "read", "readv", "recvfrom", "recvmsg":
		if c.result > 0 {
			s.read[from] = c.end
		}
	default:
		if !c.startsWith("HTTP/1.") || s.n[from] >= len(ids) {
			break
		}
		if c.startsWith("HTTP/1.1 2") {
			s.all = append(s.all, answer{ids[s.n[from]], s.read[from], c.begin})
		}
		s.n[from]++
	}
	return true
}
