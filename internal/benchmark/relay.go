package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
)

// relayArgs are for a relay that the bench alone can reach: anybody may come as often as
// they can, from one address, and what is kept is what is kept by default.
func relayArgs(dir string) []string {
	return []string{
		"serve", "--data", dir, "--listen", "127.0.0.1:0", "--admin-listen", "off", "--log-format", "json", "--allow-anonymous",
		"--rate-ip", "off", "--rate-endpoint", "off", "--rate-token", "off",
		"--max-connections", "0", "--max-connections-per-ip", "0", "--max-agents", "0", "--max-agents-per-owner", "0", "--max-endpoints", fmt.Sprint(2 * maxAgents),
	}
}

// startRelay starts a solatis-relay without TLS that keeps its data in dir, and returns it
// with its URL. The further variables are for its environment, as KEY=VALUE.
func startRelay(ctx context.Context, program, dir string, env ...string) (*child, string, error) {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, "", err
	}
	cmd := exec.CommandContext(ctx, program, relayArgs(dir)...)
	cmd.Env = environment(env...)
	log, write, err := os.Pipe()
	if err != nil {
		return nil, "", err
	}
	cmd.Stderr = write
	c, err := start(cmd)
	write.Close()
	if err != nil {
		log.Close()
		return nil, "", err
	}
	url, err := servingAt(log)
	if err != nil {
		log.Close()
		return nil, "", errors.Join(fmt.Errorf("solatis-relay ended before it served:\n%w", err), c.stop())
	}
	go func() { // until it ends; a full pipe would stop it
		_, _ = io.Copy(io.Discard, log)
		log.Close()
	}()
	return c, url, nil
}

// servingAt reads a relay's log until it says where it serves. The error is what it said
// instead.
func servingAt(log io.Reader) (string, error) {
	var said []byte
	for lines := bufio.NewScanner(log); lines.Scan(); {
		var line struct{ Msg, URL string }
		if json.Unmarshal(lines.Bytes(), &line) == nil && line.Msg == "serving" {
			return line.URL, nil
		}
		said = append(append(said, lines.Bytes()...), '\n')
	}
	return "", errors.New(string(said))
}
