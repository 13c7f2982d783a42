package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"time"

	"github.com/solatis/solatis-cli/internal/signature"
	"golang.org/x/sync/errgroup"
)

// load is a load to be generated: each connection posts, waits for the answer, and posts
// again.
type load struct {
	URL         string
	Connections int
	For         time.Duration
	Rate        int // events a second that are not exceeded; 0 for as many as are answered
}

// every is the time from one event of a connection to its next, at least.
func (l load) every() time.Duration {
	if l.Rate == 0 {
		return 0
	}
	return time.Second * time.Duration(l.Connections) / time.Duration(l.Rate)
}

// loaded is what a load brought.
type loaded struct {
	Events int
	Took   time.Duration
	Median time.Duration // of a round trip
	P99    time.Duration
}

// generate has a process of its own generate the load.
func (l load) generate(ctx context.Context) (loaded, error) {
	var got loaded
	self, err := os.Executable()
	if err != nil {
		return got, err
	}
	c, err := start(exec.CommandContext(ctx, self, "load", l.URL, strconv.Itoa(l.Connections), l.For.String(), strconv.Itoa(l.Rate)))
	if err != nil {
		return got, err
	}
	err = json.NewDecoder(c.stdout).Decode(&got)
	_, _ = io.Copy(io.Discard, c.stdout) // until it has ended by itself
	return got, errors.Join(err, c.stop())
}

func loadRole(ctx context.Context, args []string, out io.Writer) error {
	if len(args) != 4 {
		return errors.New("load takes a URL, a number of connections, a duration and a rate")
	}
	n, err1 := strconv.Atoi(args[1])
	d, err2 := time.ParseDuration(args[2])
	rate, err3 := strconv.Atoi(args[3])
	if err := errors.Join(err1, err2, err3); err != nil {
		return err
	}
	got, err := load{args[0], n, d, rate}.run(ctx)
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(got)
}

// run generates the load in this process.
func (l load) run(ctx context.Context) (loaded, error) {
	target, err := url.Parse(l.URL)
	if err != nil {
		return loaded{}, err
	}
	secret, err := signature.NewSecret(secretText)
	if err != nil {
		return loaded{}, err
	}
	took := make([][]time.Duration, l.Connections)
	group, ctx := errgroup.WithContext(ctx)
	began := time.Now()
	for i := range took {
		group.Go(func() (err error) {
			s := sender{target: target, secret: secret, prefix: fmt.Sprintf("evt_%x%03x", began.UnixNano(), i), every: l.every()}
			took[i], err = s.post(ctx, began.Add(l.For))
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return loaded{}, err
	}
	lasted := time.Since(began)
	all := slices.Concat(took...)
	slices.Sort(all)
	return loaded{Events: len(all), Took: lasted, Median: quantile(all, 0.5), P99: quantile(all, 0.99)}, nil
}
