package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
)

// relay is a solatis-relay that can be killed and started again at the same address.
type relay struct {
	program string
	data    string   // its folder
	under   []string // a program with its flags that runs the relay, such as strace
	token   string   // of the agents

	*process
	host string // where it listens; empty before the first start
}

// newRelay makes a relay's data folder, with a token in it.
func (t *trial) newRelay(ctx context.Context, data string) (*relay, error) {
	r := &relay{program: t.solatisRelay, data: data}
	out, err := t.command(ctx, r, "token", "create", "--owner", "faults").Output()
	if err != nil {
		return nil, fmt.Errorf("the relay gives no token: %w", err)
	}
	r.token = strings.TrimSpace(string(out))
	return r, nil
}

func (t *trial) command(ctx context.Context, r *relay, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, t.solatisRelay, append(args, "--data", r.data)...)
	cmd.Env = environment()
	return cmd
}

// check runs solatis-relay check.
func (t *trial) check(ctx context.Context, r *relay) error {
	if out, err := t.command(ctx, r, "check").CombinedOutput(); err != nil {
		return fmt.Errorf("solatis-relay check finds damage: %w\n%s", err, out)
	}
	return nil
}

// start starts the relay and returns once it serves. It lives until ctx ends at the
// latest. Rates and backlog have no limits: their refusals would only slow a gate down.
func (r *relay) start(ctx context.Context) error {
	listen := r.host
	if listen == "" {
		listen = "127.0.0.1:0"
	}
	args := append(append([]string{}, r.under...), r.program, "serve", "--data", r.data, "--listen", listen,
		"--admin-listen", "off", "--log-format", "json",
		"--rate-ip", "off", "--rate-endpoint", "off", "--rate-token", "off", "--max-connections-per-ip", "0",
		"--backlog", "0", "--backlog-bytes", "0")
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Env = environment()
	serving := make(chan struct{})
	var err error
	r.process, err = start("solatis-relay", cmd, nil, func(line string) {
		var said struct{ Msg, Listen string }
		if json.Unmarshal([]byte(line), &said) == nil && said.Msg == "serving" {
			r.host = said.Listen
			close(serving)
		}
	})
	if err != nil {
		return err
	}
	return r.await(ctx, serving, "served")
}
