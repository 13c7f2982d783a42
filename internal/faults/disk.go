package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"

	"github.com/solatis/solatis-cli/internal/activity"
)

// diskGate fills the relay's disk, and then an agent's. What could not be written must
// not have been promised, and with room again all goes on by itself.
func diskGate(ctx context.Context, t *trial) error {
	return errors.Join(fillRelay(ctx, t), fillAgent(ctx, t))
}

// smallDisk is a file system in memory that can be made larger.
type smallDisk struct{ dir string }

const (
	smallSize = "8m"
	roomySize = "256m"
)

// newSmallDisk mounts a small disk. It takes root.
func (t *trial) newSmallDisk(name string) (smallDisk, error) {
	dir, err := t.sub(name)
	if err != nil {
		return smallDisk{}, err
	}
	if os.Geteuid() != 0 {
		return smallDisk{}, &cannotRun{"mounting a small disk takes root"}
	}
	out, err := exec.Command("mount", "-t", "tmpfs", "-o", "mode=700,size="+smallSize, "faults", dir).CombinedOutput()
	if err != nil {
		return smallDisk{}, &cannotRun{fmt.Sprintf("a small disk can't be mounted: %v: %s", err, out)}
	}
	return smallDisk{dir}, nil
}

// grow makes room.
func (d smallDisk) grow() error {
	if out, err := exec.Command("mount", "-o", "remount,size="+roomySize, d.dir).CombinedOutput(); err != nil {
		return fmt.Errorf("the small disk can't be made larger: %w: %s", err, out)
	}
	return nil
}

// remove unmounts the disk, whose users have to be gone.
func (d smallDisk) remove() error {
	if out, err := exec.Command("umount", d.dir).CombinedOutput(); err != nil {
		return fmt.Errorf("the small disk can't be unmounted: %w: %s", err, out)
	}
	return nil
}

// fillRelay fills the relay's disk while its agent is away.
func fillRelay(ctx context.Context, t *trial) (err error) {
	disk, err := t.newSmallDisk("filled-relay")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, disk.remove()) }()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	p, err := t.newPair(ctx, "filled") // whose relay is on that disk
	if err != nil {
		return err
	}
	defer p.kill()
	if err := p.agent.stop(interrupted); err != nil {
		return err
	}
	f := &filling{pair: p}
	return f.run(ctx, disk)
}

// filling is a pair with a disk that is being filled.
type filling struct {
	*pair
	found complaints
}

func (f *filling) run(ctx context.Context, disk smallDisk) error {
	times := f.pick(20, 200)
	if err := f.post(ctx, "full", times, http.StatusServiceUnavailable); err != nil {
		return err
	}
	if err := f.check(ctx, f.relay); err != nil {
		f.found.add("while the disk is full: %v", err)
	}
	if err := disk.grow(); err != nil {
		return err
	}
	_, before := f.ledger.counts()
	if err := f.post(ctx, "room", times, http.StatusOK); err != nil {
		return err
	}
	sent, acked := f.ledger.counts()
	f.figure("relay's disk", "%d sent, %d acknowledged, %d of them with room again", sent, acked, acked-before)
	if err := f.agent.start(ctx); err != nil {
		return err
	}
	if err := f.finish(ctx, &f.found, "relay's disk"); err != nil {
		return err
	}
	return f.found.err()
}

// diskSenders post at the same time to a disk that is filling up.
const diskSenders = 8

// maxFill is how many events are far more than a small disk holds.
const maxFill = 6_000

// post has each sender post until it was answered with a status so many times. Answers
// other than 200 and 503 are complaints, and so is none.
func (f *filling) post(ctx context.Context, prefix string, times, status int) error {
	path, err := f.agent.path()
	if err != nil {
		return err
	}
	var mu sync.Mutex // guards f.found
	var posting sync.WaitGroup
	for i := range diskSenders {
		s, err := newSender(f.relay.host, path, f.ledger)
		if err != nil {
			return err
		}
		posting.Go(func() {
			defer s.close()
			for n, seen := 0, 0; seen < times && n < maxFill/diskSenders && ctx.Err() == nil; n++ {
				id := fmt.Sprintf("evt_%s%d%07d", prefix, i, n)
				got, err := s.post(ctx, id, newBody(id, mixedSizes(n)))
				if got == status {
					seen++
				}
				if wrong := err != nil || got != 200 && got != 503 || got != status && status == 200; wrong {
					mu.Lock()
					f.found.add("%s is answered %d, error %v", id, got, err)
					mu.Unlock()
					return
				}
			}
		})
	}
	posting.Wait()
	return ctx.Err()
}

// fillAgent fills the disk that an agent's history is on, while events come in.
func fillAgent(ctx context.Context, t *trial) (err error) {
	disk, err := t.newSmallDisk("crowded")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, disk.remove()) }()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	p, err := t.newRelayPair(ctx, "crowded") // whose agent has its home on that disk
	if err != nil {
		return err
	}
	defer p.relay.kill()
	full := make(chan struct{})
	var once sync.Once
	p.agent.observe = func(u activity.Update) {
		if w, ok := u.(activity.Warning); ok && strings.Contains(w.Message, "the disk is full") {
			once.Do(func() { close(full) })
		}
	}
	if err := p.agent.start(ctx); err != nil {
		return err
	}
	defer func() { p.agent.kill() }()
	f := &filling{pair: p}
	if err := f.postUntil(ctx, full); err != nil {
		return err
	}
	if err := disk.grow(); err != nil {
		return err
	}
	return f.compareSessions(ctx)
}

// postUntil posts until the agent says that its disk is full, and some more.
func (f *filling) postUntil(ctx context.Context, full <-chan struct{}) error {
	path, err := f.agent.path()
	if err != nil {
		return err
	}
	const step = 300
	l := &load{host: f.relay.host, path: path, ledger: f.ledger, prefix: "d", senders: diskSenders, until: step, size: mixedSizes}
	for isFull := false; !isFull; l.until += step {
		if l.until > maxFill {
			f.found.add("agent's disk: it never said that it was full")
			break
		}
		if err := l.run(ctx); err != nil {
			return err
		}
		l.prefix += "d" // each run counts from the beginning
		isFull = closed(full)
	}
	return l.run(ctx)
}

// closed reports whether a channel is.
func closed(ch <-chan struct{}) bool {
	select {
	case <-ch:
		return true
	default:
		return false
	}
}

// compareSessions compares what the same agent got done by itself, and then what the next
// one makes of it.
func (f *filling) compareSessions(ctx context.Context) error {
	for _, name := range []string{"agent's disk", "agent's disk, next session"} {
		if err := f.agent.settle(ctx, f.relay.host, f.ledger); err != nil {
			return err
		}
		if err := f.app.await(ctx, f.ledger.promised()); err != nil {
			return err
		}
		if err := f.agent.stop(interrupted); err != nil {
			return err
		}
		all, err := readHistory(ctx, f.agent.history())
		if err != nil {
			return err
		}
		f.found.compareHistory(f.ledger, name, all)
		f.found.compareApp(f.ledger, name, f.app)
		if err := f.agent.start(ctx); err != nil {
			return err
		}
	}
	sent, acked := f.ledger.counts()
	f.figure("agent's disk", "%d sent, %d acknowledged by the relay", sent, acked)
	return f.found.err()
}
