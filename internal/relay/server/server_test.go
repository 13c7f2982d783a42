package server

import (
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/solatis/solatis-cli/internal/relay"
	"github.com/solatis/solatis-cli/internal/relay/access"
)

// get returns the status and the text of a page.
func get(t testing.TB, url string) (status int, text string) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}
	resp, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func TestWebhooksReachAgentsOverTLS(t *testing.T) {
	c := Config{Data: tempData(t), HTTPListen: "127.0.0.1:0"}
	trust := serveTLS(t, &c)
	token := withToken(t, c.Data, "ann", access.ScopeListen)
	r := startRelay(t, c)
	r.trust = trust
	a, welcome := connect(t, r, token, true)

	resp, err := r.client(t).Post(welcome.URL, "application/json", strings.NewReader(`{"id":"evt_1"}`))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK || resp.ProtoMajor != 2 {
		t.Errorf("the webhook gets %d over %s", resp.StatusCode, resp.Proto)
	}
	if got := a.next(t); string(got.Body) != `{"id":"evt_1"}` || got.Proto != "https" {
		t.Errorf("the agent gets %q, by %s", got.Body, got.Proto)
	}

	status, text := get(t, "http://"+r.HTTP+"/e/abc?x=1")
	if status != http.StatusPermanentRedirect || !strings.Contains(text, r.URL+"/e/abc?x=1") {
		t.Errorf("a browser that comes by plain HTTP gets %d: %s", status, text)
	}
	if status := r.post(t, "http://"+r.HTTP+"/e/abc", "{}"); status != http.StatusBadRequest {
		t.Errorf("a webhook that comes by plain HTTP gets %d", status)
	}
}

func TestCertificateFilesAreTakenUpAgain(t *testing.T) {
	now := newClock()
	ca, files := newAuthority(t), newPairFiles(t)
	files.issue(ca, 20, "relay.test")
	r := startRelay(t, Config{Now: now.get, TLS: TLS{CertFile: files.cert, KeyFile: files.key}})
	for serial := int64(20); serial < 23; serial++ {
		cert, err := handshake(t, r.Public, "relay.test", ca.pool())
		if err != nil {
			t.Fatal(err)
		}
		if got := cert.SerialNumber.Int64(); got != serial {
			t.Errorf("certificate %d is served instead of %d", got, serial)
		}
		want := fmt.Sprintf(`solatis_relay_certificate_expiry_timestamp_seconds{domain="relay.test"} %d`, cert.NotAfter.Unix())
		if _, text := get(t, "http://"+r.Admin+"/metrics"); !strings.Contains(text, want) {
			t.Errorf("the metrics lack %q", want)
		}
		files.issue(ca, serial+1, "relay.test")
		now.add(keyPairCheck)
	}
}

func TestWhatACrashLeftIsSweptUp(t *testing.T) {
	data := tempData(t)
	for _, name := range []string{".probe-1", ".backup-1", "kept"} {
		if err := os.MkdirAll(filepath.Join(data, name, "relay.db"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	startRelay(t, Config{Data: data})
	for name, want := range map[string]bool{".probe-1": false, ".backup-1": false, "kept": true} {
		if _, err := os.Stat(filepath.Join(data, name)); (err == nil) != want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAgentsNeedTokens(t *testing.T) {
	data := tempData(t)
	admin := withToken(t, data, "ann", access.ScopeAdmin)
	r := startRelay(t, Config{Data: data})
	for name, token := range map[string]string{"none": "", "an unknown one": "slt_unknown", "one for administration": admin} {
		a := newAgent(r, token, true)
		a.run(t)
		select {
		case <-a.welcome:
			t.Errorf("%s: the agent is let in", name)
		case <-a.lost:
		}
	}
	if _, text := get(t, "http://"+r.Admin+"/metrics"); !strings.Contains(text, `solatis_relay_refused_total{reason="token"} 3`) {
		t.Errorf("the refusals are not in the metrics:\n%s", ours(text))
	}
}

func TestAnonymousAgents(t *testing.T) {
	r := startRelay(t, Config{AllowAnonymous: true})
	_, welcome := connect(t, r, "", true)
	if status := r.post(t, welcome.URL, "{}"); status != http.StatusOK {
		t.Errorf("the webhook gets %d", status)
	}
	if !strings.Contains(r.log.String(), "ANONYMOUS") || !strings.Contains(welcome.Notice, "without a token") {
		t.Errorf("it isn't said that anybody may come; agents are told %q", welcome.Notice)
	}
}

// ours are the lines of a metrics page that are not about the process.
func ours(text string) string {
	var lines []string
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "solatis_") {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "")
}

func TestMetrics(t *testing.T) {
	data := tempData(t)
	token := withToken(t, data, "ann", access.ScopeListen)
	now := newClock()
	r := startRelay(t, Config{Data: data, Now: now.get})
	a, welcome := connect(t, r, token, false)
	for i := range 3 {
		if status := r.post(t, welcome.URL, fmt.Sprintf(`{"n":%d}`, i)); status != http.StatusOK {
			t.Fatalf("the webhook gets %d", status)
		}
		a.next(t)
	}
	r.post(t, r.base()+"/e/0123456789abcdef0123456789abcdef", "{}")

	_, text := get(t, "http://"+r.Admin+"/metrics")
	for _, want := range []string{
		"solatis_relay_requests_accepted_total 3\n",
		"solatis_relay_accepted_bytes_total 21\n",
		`solatis_relay_refused_total{reason="endpoint"} 1` + "\n",
		"solatis_relay_requests_sent_total 3\n",
		"solatis_relay_requests_redelivered_total 0\n",
		"solatis_relay_requests_acknowledged_total 0\n",
		"solatis_relay_commit_duration_seconds_count 3\n",
		`solatis_relay_commit_duration_seconds_bucket{le="+Inf"} 3` + "\n",
		"solatis_relay_agents_connected 1\n",
		"solatis_relay_endpoints 1\n",
		"solatis_relay_backlog_requests 3\n",
		"solatis_relay_draining 0\n",
		"solatis_relay_build_info{version=",
		"go_goroutines ",
		"process_resident_memory_bytes ",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the metrics lack %q", want)
		}
	}

	// The agent comes back without having acknowledged anything, and does so now.
	a.stop()
	a, _ = connect(t, r, token, true)
	for range 3 {
		a.next(t)
	}
	awaitMetric(t, r, now, "solatis_relay_requests_acknowledged_total 3\n")
	awaitMetric(t, r, now, "solatis_relay_backlog_requests 0\n")
	awaitMetric(t, r, now, "solatis_relay_requests_redelivered_total 3\n")
	if t.Failed() {
		t.Log(ours(text))
	}
}

// awaitMetric reads the metrics until they have a line. The relay counts an ack after the
// agent has sent it, and writes it down later, and tells nobody. Each look is at gauges of
// its own: those of an earlier one may be older than what was written.
func awaitMetric(t testing.TB, r *running, now *clock, line string) {
	t.Helper()
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	giveUp := time.After(20 * time.Second)
	for {
		now.add(gaugesEvery)
		_, text := get(t, "http://"+r.Admin+"/metrics")
		if strings.Contains(text, line) {
			return
		}
		select {
		case <-again.C:
		case <-giveUp:
			t.Fatalf("the metrics never have %q:\n%s", line, ours(text))
		}
	}
}

func TestTrustedProxies(t *testing.T) {
	for name, c := range map[string]struct {
		trusted []netip.Prefix
		want    string
	}{
		"trusted":     {[]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, "203.0.113.7"},
		"not trusted": {nil, "127.0.0.1"},
	} {
		t.Run(name, func(t *testing.T) {
			data := tempData(t)
			token := withToken(t, data, "ann", access.ScopeListen)
			r := startRelay(t, Config{Data: data, TrustedProxies: c.trusted, Rates: relay.Rates{IP: relay.Rate{PerSecond: 0.001, Burst: 3}}})
			a, welcome := connect(t, r, token, true)
			post := func(from string) int {
				req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, welcome.URL, strings.NewReader("{}"))
				if err != nil {
					t.Fatal(err)
				}
				req.Header.Set("X-Forwarded-For", from)
				resp, err := r.client(t).Do(req)
				if err != nil {
					t.Fatal(err)
				}
				resp.Body.Close()
				return resp.StatusCode
			}
			post("203.0.113.7")
			if got := a.next(t).Remote; got != c.want {
				t.Errorf("the request is said to come from %s instead of %s", got, c.want)
			}
			// Of the three that an address may send at once, the agent took one.
			statuses := []int{post("203.0.113.8"), post("203.0.113.9"), post("203.0.113.10")}
			if limited := statuses[2] == http.StatusTooManyRequests; limited == (c.trusted != nil) {
				t.Errorf("senders behind one address get %v", statuses)
			}
		})
	}
}

func TestReadiness(t *testing.T) {
	now := newClock()
	r := startRelay(t, Config{Now: now.get})
	want := func(step string, status int) {
		t.Helper()
		if got, text := get(t, "http://"+r.Admin+"/readyz"); got != status {
			t.Errorf("%s: /readyz answers %d: %s", step, got, text)
		}
		if got, _ := get(t, "http://"+r.Admin+"/healthz"); got != http.StatusOK {
			t.Errorf("%s: /healthz answers %d", step, got)
		}
	}
	want("at the start", http.StatusOK)
	moved := r.data + ".moved"
	if err := os.Rename(r.data, moved); err != nil {
		t.Fatal(err)
	}
	now.add(probeEvery)
	want("with no folder to write to", http.StatusServiceUnavailable)
	if err := os.Rename(moved, r.data); err != nil {
		t.Fatal(err)
	}
	now.add(probeEvery)
	want("with the folder back", http.StatusOK)
	left, err := filepath.Glob(filepath.Join(r.data, ".probe-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("the probes leave %v, %v", left, err)
	}
}

func TestReadinessRemembersFailures(t *testing.T) {
	now := newClock()
	m := newMeter(now.get)
	s := &server{Config: Config{Data: t.TempDir(), Now: now.get}, meter: m}
	for _, c := range []struct {
		reason relay.Refusal
		ready  bool
	}{{relay.RefusedBacklog, true}, {relay.RefusedDisk, false}, {relay.RefusedInternal, false}} {
		now.add(failureMemory)
		m.Refused(c.reason)
		now.add(failureMemory - time.Second)
		if err := s.readiness.check(s); (err == nil) != c.ready {
			t.Errorf("shortly after %s: %v", c.reason, err)
		}
	}
	now.add(time.Second)
	if err := s.readiness.check(s); err != nil {
		t.Errorf("long after: %v", err)
	}
}

func TestAdministratorsAddressAnswersForItselfOnly(t *testing.T) {
	r := startRelay(t, Config{})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+r.Admin+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = "rebound.example.com"
	resp, err := r.client(t).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusMisdirectedRequest {
		t.Errorf("a request for another host gets %d", resp.StatusCode)
	}
	if status, _ := get(t, "http://"+r.Public+"/metrics"); status != http.StatusNotFound {
		t.Errorf("/metrics at the public address answers %d", status)
	}
}

func TestWarnings(t *testing.T) {
	const plain, open = "PLAIN HTTP", "administrators' address is open"
	for name, c := range map[string]struct {
		Config
		says []string
		not  []string
	}{
		"on loopback":    {Config{}, nil, []string{plain, open}},
		"open":           {Config{Listen: "0.0.0.0:0", AdminListen: "0.0.0.0:0"}, []string{plain, open}, nil},
		"behind a proxy": {Config{Listen: "0.0.0.0:0", TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}, nil, []string{plain, open}},
	} {
		t.Run(name, func(t *testing.T) {
			r := startRelay(t, c.Config)
			for _, text := range c.says {
				if !strings.Contains(r.log.String(), text) {
					t.Errorf("the log doesn't say %q", text)
				}
			}
			for _, text := range c.not {
				if strings.Contains(r.log.String(), text) {
					t.Errorf("the log says %q", text)
				}
			}
		})
	}
}

func TestOneRelayPerFolder(t *testing.T) {
	r := startRelay(t, Config{})
	err := Run(t.Context(), Config{Data: r.data, Listen: "127.0.0.1:0", AdminListen: "127.0.0.1:0"})
	if err == nil || !strings.Contains(err.Error(), "another process") {
		t.Errorf("a second relay on the same folder: %v", err)
	}
}
