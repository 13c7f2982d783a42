package doctor

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os"

	"github.com/solatis/solatis-cli/internal/credential"
	"github.com/solatis/solatis-cli/internal/folders"
	"github.com/solatis/solatis-cli/internal/history"
	"github.com/solatis/solatis-cli/internal/loopback"
)

// keyringVariable turns the keyring off where it says so.
const keyringVariable = "SOLATIS_KEYRING"

// machine is what has to be right on this machine alone.
type machine struct{ Config }

func (m machine) folders(context.Context) Result {
	f, err := folders.Resolve(m.Env)
	if err != nil {
		return fail("set SOLATIS_HOME to a folder of yours on a local disk", "%v", err)
	}
	return ok("state is kept in %s", f.State)
}

func (m machine) history(ctx context.Context) Result {
	f, err := folders.Resolve(m.Env)
	if err != nil {
		return fail("", "%v", err)
	}
	path := f.History()
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return ok("nothing is recorded yet")
	}
	h, err := history.Open(ctx, path)
	if err == nil {
		_, err = h.List(ctx, 1)
		err = errors.Join(err, h.Close())
	}
	if err != nil {
		return fail("end other solatis processes; if it stays so, move the file away: a new one is made", "the history %s can't be read: %v", path, reason(ctx, err))
	}
	return ok("%s can be read", path)
}

// keyring says where tokens go. That a machine has no keyring breaks nothing: a token
// that is in one that doesn't answer is found out by the token's own check.
func (m machine) keyring(ctx context.Context) Result {
	f, err := folders.Resolve(m.Env)
	if err != nil {
		return fail("", "%v", err)
	}
	err = credential.Open(f.State, m.Env(keyringVariable) != "off").Check(ctx)
	if err != nil {
		return ok("tokens are kept in a file that only you can read, since no keyring can be used: %v", err)
	}
	return ok("tokens are kept in %s", credential.System)
}

// loopback opens what the embedded relay would.
func (m machine) loopback(ctx context.Context) Result {
	listeners, _, _, err := loopback.Listen(ctx, loopback.Options{Any: true})
	if err != nil {
		return fail("look whether a firewall or a sandbox forbids it", "this machine can't listen on its own loopback: %v", reason(ctx, err))
	}
	return closed(listeners)
}

func closed(listeners []net.Listener) Result {
	for _, ln := range listeners {
		ln.Close()
	}
	return ok("no remote relay is in use, and a session can take webhooks from this machine; solatis relay add makes it reachable from elsewhere")
}
