package server

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// keyPairCheck is how often, at most, the files of a certificate are looked at.
const keyPairCheck = time.Second

// keyPair serves the certificate in two PEM files, and takes up new ones when the files
// change, so that whatever renews them needs to tell nobody. Files that can't be used
// leave the last good certificate in service.
type keyPair struct {
	certFile, keyFile string
	log               *slog.Logger
	now               func() time.Time

	mu      sync.Mutex // guards what follows
	cert    *tls.Certificate
	tried   stamps // the files that were read last, whether they were good or not
	broken  bool   // whether they were not
	checked time.Time
}

// stamps tell two versions of the files apart.
type stamps [2]struct {
	modified time.Time
	size     int64
}

// loadKeyPair reads the files, which have to be good to begin with.
func loadKeyPair(certFile, keyFile string, log *slog.Logger, now func() time.Time) (*keyPair, error) {
	k := &keyPair{certFile: certFile, keyFile: keyFile, log: log, now: now}
	s, err := k.stamp()
	if err != nil {
		return nil, fmt.Errorf("the certificate can't be read: %w", err)
	}
	if k.cert, err = k.load(); err != nil {
		return nil, err
	}
	k.tried, k.checked = s, now()
	return k, nil
}

// get is a tls.Config's GetCertificate.
func (k *keyPair) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if now := k.now(); now.Sub(k.checked) >= keyPairCheck || now.Before(k.checked) {
		k.checked = now
		k.refresh()
	}
	return k.cert, nil
}

func (k *keyPair) served() []*x509.Certificate {
	k.mu.Lock()
	defer k.mu.Unlock()
	return []*x509.Certificate{k.cert.Leaf}
}

// refresh takes up the files if they have changed. What is broken is tried again each
// time, as it may be half written, but is logged once. k.mu is held.
func (k *keyPair) refresh() {
	s, err := k.stamp()
	changed := s != k.tried
	if err == nil && !changed && !k.broken {
		return
	}
	var cert *tls.Certificate
	if err == nil {
		cert, err = k.load()
	}
	if err != nil {
		if changed || !k.broken {
			k.log.Error("the new certificate can't be used; the old one stays", "error", err)
		}
		k.tried, k.broken = s, true
		return
	}
	k.cert, k.tried, k.broken = cert, s, false
	k.log.Info("certificate replaced", "expires", cert.Leaf.NotAfter.UTC().Format(time.RFC3339))
}

func (k *keyPair) stamp() (s stamps, err error) {
	for i, name := range [2]string{k.certFile, k.keyFile} {
		info, err := os.Stat(name)
		if err != nil {
			return stamps{}, err
		}
		s[i].modified, s[i].size = info.ModTime(), info.Size()
	}
	return s, nil
}

func (k *keyPair) load() (*tls.Certificate, error) {
	cert, err := tls.LoadX509KeyPair(k.certFile, k.keyFile)
	if err != nil {
		return nil, fmt.Errorf("the certificate %s with the key %s: %w", k.certFile, k.keyFile, err)
	}
	return &cert, nil
}
