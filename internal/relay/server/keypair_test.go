package server

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// authority is a certificate authority of a test's own.
type authority struct {
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
}

func newAuthority(t testing.TB) *authority {
	t.Helper()
	key := newKey(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &authority{key, cert}
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func (a *authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

// issue returns a certificate for names, and its key, as PEM.
func (a *authority) issue(t testing.TB, serial int64, names ...string) (cert, key []byte) {
	t.Helper()
	k := newKey(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), DNSNames: names,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, k.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})
}

// pairFiles are a certificate's files, rewritten with times that always differ: a disk's
// clock may be coarser than a test is fast.
type pairFiles struct {
	t         testing.TB
	cert, key string
	writes    int
}

func newPairFiles(t testing.TB) *pairFiles {
	dir := t.TempDir()
	return &pairFiles{t: t, cert: filepath.Join(dir, "cert.pem"), key: filepath.Join(dir, "key.pem")}
}

func (p *pairFiles) write(path string, text []byte) {
	p.t.Helper()
	p.writes++
	at := time.Now().Add(time.Duration(p.writes) * time.Minute)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		p.t.Fatal(err)
	}
	if err := os.Chtimes(path, at, at); err != nil {
		p.t.Fatal(err)
	}
}

func (p *pairFiles) issue(a *authority, serial int64, names ...string) {
	p.t.Helper()
	cert, key := a.issue(p.t, serial, names...)
	p.write(p.cert, cert)
	p.write(p.key, key)
}

func TestKeyPairFollowsItsFiles(t *testing.T) {
	ca, files := newAuthority(t), newPairFiles(t)
	files.issue(ca, 10, "relay.test")
	var out bytes.Buffer
	now := time.Now()
	k, err := loadKeyPair(files.cert, files.key, slog.New(slog.NewTextHandler(&out, nil)), func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	want := func(step string, serial int64) {
		t.Helper()
		cert, err := k.get(nil)
		if err != nil {
			t.Fatalf("%s: %v", step, err)
		}
		if got := cert.Leaf.SerialNumber.Int64(); got != serial {
			t.Errorf("%s: certificate %d is served instead of %d", step, got, serial)
		}
	}
	want("at the start", 10)

	files.issue(ca, 11, "relay.test")
	want("within the second", 10)
	now = now.Add(keyPairCheck)
	want("a second later", 11)

	cert, key := ca.issue(t, 12, "relay.test")
	files.write(files.cert, cert) // the key doesn't fit yet
	now = now.Add(keyPairCheck)
	want("with half of the new files", 11)
	now = now.Add(keyPairCheck)
	want("with half of them for longer", 11)
	if n := strings.Count(out.String(), "can't be used"); n != 1 {
		t.Errorf("one broken pair is logged %d times:\n%s", n, out.String())
	}
	files.write(files.key, key)
	now = now.Add(keyPairCheck)
	want("with all of them", 12)

	// A file that is read while it is written may look the same from outside when it is whole.
	cert, key = ca.issue(t, 14, "relay.test")
	files.write(files.key, bytes.Repeat([]byte("x"), len(key)))
	files.write(files.cert, cert)
	now = now.Add(keyPairCheck)
	want("with a half written file", 12)
	info, err := os.Stat(files.key)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.WriteFile(files.key, key, 0o600), os.Chtimes(files.key, info.ModTime(), info.ModTime())); err != nil {
		t.Fatal(err)
	}
	now = now.Add(keyPairCheck)
	want("with the same file whole", 14)

	if err := os.Remove(files.key); err != nil {
		t.Fatal(err)
	}
	now = now.Add(keyPairCheck)
	want("without the files", 14)
	now = now.Add(-time.Hour)
	files.issue(ca, 13, "relay.test")
	want("after the clock jumped back", 13)
	if strings.Contains(out.String(), "PRIVATE KEY") {
		t.Error("a key is in the log")
	}
}

func TestKeyPairMustBeGoodAtTheStart(t *testing.T) {
	ca, files := newAuthority(t), newPairFiles(t)
	if _, err := loadKeyPair(files.cert, files.key, slog.Default(), time.Now); err == nil || !strings.Contains(err.Error(), files.cert) {
		t.Errorf("missing files: %v", err)
	}
	files.issue(ca, 1, "relay.test")
	files.write(files.key, []byte("no key"))
	if _, err := loadKeyPair(files.cert, files.key, slog.Default(), time.Now); err == nil || !strings.Contains(err.Error(), files.key) {
		t.Errorf("a broken key: %v", err)
	}
}

func pemOf(cert *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw})
}
