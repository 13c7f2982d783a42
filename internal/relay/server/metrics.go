package server

import (
	"crypto/x509"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/solatis/solatis-cli/internal/buildinfo"
	"github.com/solatis/solatis-cli/internal/relay"
)

// meter counts what the relay does, in Prometheus' text format. It is the relay's Meter.
// The names are part of the product: docs/relay.md lists them.
type meter struct {
	set      *metrics.Set
	accepted *metrics.Counter
	bytes    *metrics.Counter
	acked    *metrics.Counter
	sent     *metrics.Counter
	again    *metrics.Counter
	commit   *metrics.PrometheusHistogram

	now    func() time.Time
	failed atomic.Int64 // when the relay last could not store something, in Unix nanoseconds
}

var _ relay.Meter = (*meter)(nil)

// commitBounds are those of the commit latencies, in seconds: from a fast disk to one
// that is in trouble.
var commitBounds = []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}

func newMeter(now func() time.Time) *meter {
	set := metrics.NewSet()
	return &meter{
		set:      set,
		now:      now,
		accepted: set.NewCounter("solatis_relay_requests_accepted_total"),
		bytes:    set.NewCounter("solatis_relay_accepted_bytes_total"),
		acked:    set.NewCounter("solatis_relay_requests_acknowledged_total"),
		sent:     set.NewCounter("solatis_relay_requests_sent_total"),
		again:    set.NewCounter("solatis_relay_requests_redelivered_total"),
		commit:   set.NewPrometheusHistogramExt("solatis_relay_commit_duration_seconds", commitBounds),
	}
}

// Accepted counts a request that is durable, the bytes of its body, and how long its
// commit took.
func (m *meter) Accepted(bytes int64, commit time.Duration) {
	m.accepted.Inc()
	m.bytes.AddInt64(bytes)
	m.commit.Update(commit.Seconds())
}

// Refused counts a request or an agent that was refused. The reasons are words of the
// relay, never of the sender, and so they are few.
func (m *meter) Refused(reason relay.Refusal) {
	m.set.GetOrCreateCounter(fmt.Sprintf("solatis_relay_refused_total{reason=%q}", string(reason))).Inc()
	if reason == relay.RefusedDisk || reason == relay.RefusedInternal {
		m.failed.Store(m.now().UnixNano())
	}
}

// failedWithin reports whether something could not be stored within d.
func (m *meter) failedWithin(d time.Duration) bool {
	return m.now().UnixNano()-m.failed.Load() < int64(d)
}

// Acked counts requests that an agent has acknowledged.
func (m *meter) Acked(n uint64) { m.acked.AddInt64(int64(n)) }

// Sent counts a request that went to an agent, again where it had been sent before.
func (m *meter) Sent(again bool) {
	m.sent.Inc()
	if again {
		m.again.Inc()
	}
}

// refusedConnections counts connections that were closed over the limits of this package.
const refusedConnections relay.Refusal = "connections"

// load is what is in the relay at one moment.
type load struct {
	agents       int
	endpoints    int
	backlog      uint64 // requests
	backlogBytes uint64
	connections  int
	draining     bool
	certificates []*x509.Certificate
}

// write writes all metrics: the counters, the load at this moment, which build it is, and
// those of the process.
func (m *meter) write(w io.Writer, l load) {
	m.set.WritePrometheus(w)
	metrics.WriteGaugeUint64(w, "solatis_relay_agents_connected", uint64(l.agents))
	metrics.WriteGaugeUint64(w, "solatis_relay_endpoints", uint64(l.endpoints))
	metrics.WriteGaugeUint64(w, "solatis_relay_backlog_requests", l.backlog)
	metrics.WriteGaugeUint64(w, "solatis_relay_backlog_bytes", l.backlogBytes)
	metrics.WriteGaugeUint64(w, "solatis_relay_connections", uint64(l.connections))
	metrics.WriteGaugeUint64(w, "solatis_relay_draining", bit(l.draining))
	for _, c := range l.certificates {
		if len(c.DNSNames) > 0 {
			metrics.WriteGaugeUint64(w, fmt.Sprintf("solatis_relay_certificate_expiry_timestamp_seconds{domain=%q}", c.DNSNames[0]), uint64(c.NotAfter.Unix()))
		}
	}
	build := buildinfo.Read()
	metrics.WriteGaugeUint64(w, fmt.Sprintf("solatis_relay_build_info{version=%q,commit=%q}", build.Version, build.Commit), 1)
	metrics.WriteProcessMetrics(w)
}

func bit(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}
