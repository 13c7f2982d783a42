package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"
)

// report prints medians, and ratios to one ReverseProxy hop.
func (b *bench) report(file string) error {
	for _, connections := range []int{1, 64} {
		hop := b.samples[key("one ReverseProxy hop", connections)]
		perSecond, cpu := median(hop, rate), median(hop, cost)
		fmt.Printf("\n%d connections, 1 KiB bodies, medians of %d rounds of %d s\n", connections, b.rounds, b.seconds)
		fmt.Printf("%-22s %10s %7s %13s %7s %9s %9s\n", "", "events/s", "×hop", "CPU per event", "×hop", "p50", "p99")
		for _, v := range variants {
			s := b.samples[key(v.name, connections)]
			fmt.Printf("%-22s %10.0f %7.2f %13v %7.2f %9v %9v\n", v.name,
				median(s, rate), median(s, rate)/perSecond,
				median(s, cost).Round(time.Microsecond), float64(median(s, cost))/float64(cpu),
				median(s, func(s sample) time.Duration { return s.P50 }).Round(10*time.Microsecond),
				median(s, func(s sample) time.Duration { return s.P99 }).Round(10*time.Microsecond))
			if failed := median(s, func(s sample) int { return s.Failed }); failed > 0 {
				fmt.Printf("%-22s %10d failed\n", "", failed)
			}
		}
	}
	if file == "" {
		return nil
	}
	data, err := json.MarshalIndent(b.samples, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(data, '\n'), 0o644)
}

func rate(s sample) float64       { return s.PerSecond }
func cost(s sample) time.Duration { return s.CPU }

// processes is how often each whole process is timed.
const processes = 21

// wholeProcesses times version and trigger from start to end, and one durable commit.
func (b *bench) wholeProcesses() error {
	app, err := b.child("", b.self, "app")
	if err != nil {
		return err
	}
	defer app.end()
	l, err := b.child(b.home, b.solatis, "listen", "--forward", app.line, "--output", "json")
	if err != nil {
		return err
	}
	defer l.end()
	fmt.Println()
	for _, args := range [][]string{{"version"}, {"trigger", "document.analyzed"}} {
		took, err := medianOf(func() error {
			cmd := exec.Command(b.solatis, args...)
			cmd.Dir, cmd.Env = b.home, append(os.Environ(), "SOLATIS_HOME="+filepath.Join(b.home, "state"))
			return cmd.Run()
		})
		if err != nil {
			return fmt.Errorf("%v: %w", args, err)
		}
		fmt.Printf("solatis %-18s %v, whole process\n", args[0], took)
	}
	if err := b.commit(); err != nil {
		return err
	}
	info, err := os.Stat(b.solatis)
	if err != nil {
		return err
	}
	fmt.Printf("stripped binary            %.1f MB\n", float64(info.Size())/1e6)
	return nil
}

// commit times what one durable commit costs on this disk: 4 KiB appended and fsynced.
func (b *bench) commit() error {
	f, err := os.Create(filepath.Join(b.home, "fsync"))
	if err != nil {
		return err
	}
	defer f.Close()
	took, err := medianOf(func() error {
		if _, err := f.Write(make([]byte, 4096)); err != nil {
			return err
		}
		return f.Sync()
	})
	fmt.Printf("one fsync of 4 KiB         %v\n", took)
	return err
}

func medianOf(do func() error) (time.Duration, error) {
	var took []time.Duration
	for range processes {
		began := time.Now()
		if err := do(); err != nil {
			return 0, err
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	return took[processes/2].Round(10 * time.Microsecond), nil
}
