// Package fairgate is the admission check for sites in Go behind Fairgate: no request without a valid admission token.
//
//	check, err := fairgate.New(fairgate.Options{JWKSURL: "…", Issuer: "…", Audience: "…"})
//	http.ListenAndServe(":8080", check.Middleware(mux))
//
// One file, Go 1.19 and newer, the standard library alone. Copy it into a folder fairgate/ of the site. It follows, rule by rule, the
// list "What a verifier must check" in Fairgate's docs/origin.md; where anything is in doubt the request is refused.
//
// Apache License 2.0
package fairgate

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

const (
	tokenLengthMax    = 4096
	clockToleranceMax = 120 * time.Second
	// Bounds of fetching keys; docs/origin.md says why each is what it is.
	fetchTimeMax  = 3 * time.Second
	keysAgeMax    = 600 * time.Second
	keysRefresh   = 300 * time.Second
	keysCooldown  = 5 * time.Second
	keysRetry     = time.Second
	keysBytesMax  = 65536
	countMax      = 1<<53 - 1
	coordinateLen = 32
)

var (
	compact = regexp.MustCompile(`\A([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]*)\z`)
	isID    = regexp.MustCompile(`\A[!-~]{1,200}\z`).MatchString
	// Refuses unused bits that are not zero.
	base64url = base64.RawURLEncoding.Strict()
)

// Options of the check. JWKSURL, Issuer and Audience are required.
type Options struct {
	// JWKSURL is the address of the gateway's /.well-known/jwks.json: HTTPS, or HTTP on loopback.
	JWKSURL string
	// Issuer and Audience are iss and aud of the gateway's tokens for this site.
	Issuer, Audience string
	// Room: admit from this room only. Empty: every room whose tokens are issued for Audience.
	Room string
	// ClockTolerance is how far the clocks of gateway and site may differ, at most 2 minutes. Nil: 30 seconds.
	ClockTolerance *time.Duration
	// AllowPlainHTTP accepts a key set over plain HTTP inside a private network.
	AllowPlainHTTP bool
	// Now is the time. Nil: time.Now.
	Now func() time.Time
}

// Claims of an admitted visitor. Subject is the visitor's id; times are seconds since 1970.
type Claims struct {
	Issuer, Audience, Subject, Room, Session string
	Epoch, Position                          int64
	IssuedAt, NotBefore, Expires             float64
}

// Refused is the error of a request without a valid admission. Reason is one of missing, malformed, algorithm, type, key, signature,
// issuer, audience, room, early, expired.
type Refused struct{ Reason string }

func (r *Refused) Error() string { return "admission refused: " + r.Reason }

// Verifier is the check. Create one and reuse it: it caches the keys.
type Verifier struct {
	options   Options
	tolerance float64
	keys      keySource
}

// New returns an error that names an option, the problem and a valid value.
func New(options Options) (*Verifier, error) {
	if strings.TrimSpace(options.Issuer) == "" || strings.TrimSpace(options.Audience) == "" {
		return nil, errors.New("fairgate: Issuer or Audience is empty: set them to iss and aud of the gateway's tokens")
	}
	if options.Room != "" && strings.TrimSpace(options.Room) == "" {
		return nil, errors.New("fairgate: Room is blank: set it to the room's id, or leave it out")
	}
	tolerance := 30 * time.Second
	if options.ClockTolerance != nil {
		tolerance = *options.ClockTolerance
	}
	if tolerance < 0 || tolerance > clockToleranceMax {
		return nil, fmt.Errorf("fairgate: ClockTolerance is %v: use 0 to %v", tolerance, clockToleranceMax)
	}
	address, err := url.Parse(options.JWKSURL)
	if err != nil || !isSafe(address, options.AllowPlainHTTP) {
		return nil, fmt.Errorf("fairgate: JWKSURL is %q: set it to https://<gateway>/.well-known/jwks.json, or set AllowPlainHTTP for plain HTTP inside a private network", options.JWKSURL)
	}
	if options.Now == nil {
		options.Now = time.Now
	}
	return &Verifier{
		options:   options,
		tolerance: tolerance.Seconds(),
		keys:      keySource{url: options.JWKSURL, now: options.Now},
	}, nil
}

func isSafe(address *url.URL, allowPlainHTTP bool) bool {
	host := address.Hostname()
	ip := net.ParseIP(host)
	isLoopback := host == "localhost" || ip != nil && ip.IsLoopback()
	return host != "" && (address.Scheme == "https" || address.Scheme == "http" && (allowPlainHTTP || isLoopback))
}

type contextKey struct{}

// FromContext returns the claims of the visitor whom Middleware admitted; nil: there is none.
func FromContext(ctx context.Context) *Claims {
	claims, _ := ctx.Value(contextKey{}).(*Claims)
	return claims
}

// Middleware calls next for admitted visitors and sends the refusal to all others. It has to wrap the whole site.
func (v *Verifier) Middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		claims, err := v.Verify(strings.Join(r.Header.Values("Fairgate-Admission"), ", "))
		if err != nil {
			refuse(w, r, err)
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), contextKey{}, claims)))
	})
}

// Verify takes the value of Fairgate-Admission, several joined by a comma. The error is a *Refused, or says why the gateway's keys are
// unavailable.
func (v *Verifier) Verify(token string) (*Claims, error) {
	if token == "" {
		return nil, &Refused{"missing"}
	}
	var parts []string
	if len(token) <= tokenLengthMax {
		parts = compact.FindStringSubmatch(token)
	}
	if parts == nil {
		return nil, &Refused{"malformed"}
	}
	header := jsonObject(parts[1])
	// crit names extensions that must be understood, and there are none (RFC 7515, 4.1.11).
	if _, isCritical := header["crit"]; header == nil || isCritical {
		return nil, &Refused{"malformed"}
	}
	if header["alg"] != "ES256" {
		return nil, &Refused{"algorithm"}
	}
	if header["typ"] != "admission+jwt" {
		return nil, &Refused{"type"}
	}
	kid, _ := header["kid"].(string)
	if !isID(kid) {
		return nil, &Refused{"key"}
	}
	key, err := v.keys.find(kid)
	if err != nil {
		return nil, err
	}
	if key == nil {
		return nil, &Refused{"key"}
	}
	if !isSigned(parts[1]+"."+parts[2], parts[3], key) {
		return nil, &Refused{"signature"}
	}
	return v.judge(jsonObject(parts[2]))
}

func (v *Verifier) judge(payload map[string]any) (*Claims, error) {
	claims := readClaims(payload)
	now := float64(v.options.Now().UnixNano()) / 1e9
	switch {
	case claims == nil:
		return nil, &Refused{"malformed"}
	case claims.Issuer != v.options.Issuer:
		return nil, &Refused{"issuer"}
	case claims.Audience != v.options.Audience:
		return nil, &Refused{"audience"}
	case v.options.Room != "" && claims.Room != v.options.Room:
		return nil, &Refused{"room"}
	case !(claims.NotBefore <= now+v.tolerance):
		return nil, &Refused{"early"}
	case !(claims.Expires > now-v.tolerance):
		return nil, &Refused{"expired"}
	}
	return claims, nil
}

// jsonObject returns nil unless the text encodes a JSON object. Numbers beyond a float64 are an error.
func jsonObject(text string) map[string]any {
	decoded, err := base64url.DecodeString(text)
	if err != nil || !utf8.Valid(decoded) {
		return nil
	}
	var object map[string]any
	if json.Unmarshal(decoded, &object) != nil {
		return nil
	}
	return object
}

func isSigned(input, signature string, key *ecdsa.PublicKey) bool {
	raw, err := base64url.DecodeString(signature)
	if err != nil || len(raw) != 2*coordinateLen {
		return false
	}
	digest := sha256.Sum256([]byte(input))
	r, s := new(big.Int).SetBytes(raw[:coordinateLen]), new(big.Int).SetBytes(raw[coordinateLen:])
	return ecdsa.Verify(key, digest[:], r, s)
}

// readClaims returns nil if a claim is missing or has the wrong type.
func readClaims(payload map[string]any) *Claims {
	isValid := payload != nil
	text := func(name string) string {
		value, is := payload[name].(string)
		isValid = isValid && is
		return value
	}
	id := func(name string) string {
		value := text(name)
		isValid = isValid && isID(value)
		return value
	}
	number := func(name string) float64 {
		value, is := payload[name].(float64)
		isValid = isValid && is && !math.IsInf(value, 0) && !math.IsNaN(value)
		return value
	}
	count := func(name string) int64 {
		value := number(name)
		isValid = isValid && value >= 0 && value <= countMax && value == math.Trunc(value)
		return int64(value)
	}
	claims := &Claims{
		Issuer: text("iss"), Audience: text("aud"),
		Subject: id("sub"), Room: id("room"), Session: id("sid"),
		Epoch: count("epoch"), Position: count("position"),
		IssuedAt: number("iat"), NotBefore: number("nbf"), Expires: number("exp"),
	}
	if !isValid {
		return nil
	}
	return claims
}

// refuse sends what every verifier sends (RFC 9457).
func refuse(w http.ResponseWriter, r *http.Request, err error) {
	status, name := http.StatusForbidden, "invalid-admission"
	document := map[string]any{"title": "Please enter through the waiting room"}
	header := w.Header()
	if refused := (*Refused)(nil); errors.As(err, &refused) {
		document["reason"] = refused.Reason
		if refused.Reason == "missing" {
			name = "no-admission"
		}
	} else {
		status, name = http.StatusServiceUnavailable, "keys-unavailable"
		document["title"] = "Admission cannot be checked right now"
		header.Set("Retry-After", "5")
	}
	document["type"], document["status"] = "https://fairgate.dev/problems/"+name, status
	header.Set("Content-Type", "application/problem+json")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_ = json.NewEncoder(w).Encode(document)
	}
}

// keySource holds the gateway's keys by their id: one fetch at a time, kept, refreshed in the background.
type keySource struct {
	url string
	now func() time.Time

	mutex                        sync.Mutex
	keys                         map[string]*ecdsa.PublicKey
	fetchedAt, triedAt, failedAt time.Time
	failure                      error
	fetching                     chan struct{}
}

// find returns nil without an error if the gateway publishes no key with this id.
func (s *keySource) find(kid string) (*ecdsa.PublicKey, error) {
	s.mutex.Lock()
	now := s.now()
	isFresh := isWithin(s.fetchedAt, keysAgeMax, now)
	if key := s.keys[kid]; isFresh && key != nil {
		if !isWithin(s.fetchedAt, keysRefresh, now) && !isWithin(s.triedAt, keysCooldown, now) {
			s.begin(now)
		}
		s.mutex.Unlock()
		return key, nil
	}
	if isFresh && isWithin(s.fetchedAt, keysCooldown, now) {
		s.mutex.Unlock()
		return nil, nil
	}
	if s.fetching == nil && isWithin(s.failedAt, keysRetry, now) {
		defer s.mutex.Unlock()
		return nil, s.failure
	}
	done := s.begin(now)
	s.mutex.Unlock()
	<-done
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.keys[kid], s.failure
}

// begin fetches unless a fetch is under way; the lock is held.
func (s *keySource) begin(now time.Time) chan struct{} {
	if s.fetching == nil {
		s.triedAt = now
		done := make(chan struct{})
		s.fetching = done
		go func() {
			keys, err := fetchKeys(s.url)
			s.mutex.Lock()
			defer s.mutex.Unlock()
			if s.failure = err; err == nil {
				s.keys, s.fetchedAt = keys, s.now()
			} else {
				s.failedAt = s.now()
			}
			s.fetching = nil
			close(done)
		}()
	}
	return s.fetching
}

// isWithin is false for a time in the future: a clock that was set back must not extend a pause.
func isWithin(since time.Time, duration time.Duration, now time.Time) bool {
	return !since.IsZero() && !now.Before(since) && now.Before(since.Add(duration))
}

// The timeout is for the whole request, its body included.
var client = &http.Client{
	Timeout:       fetchTimeMax,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

func fetchKeys(address string) (map[string]*ecdsa.PublicKey, error) {
	response, err := client.Get(address)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, keysBytesMax+1))
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s returned status %d instead of a key set", address, response.StatusCode)
	}
	if len(body) > keysBytesMax {
		return nil, fmt.Errorf("the key set is larger than %d bytes", keysBytesMax)
	}
	var set map[string]any
	if err := json.Unmarshal(body, &set); err != nil {
		return nil, err
	}
	list, isList := set["keys"].([]any)
	if !isList {
		return nil, fmt.Errorf("%s returned no JWK set", address)
	}
	keys := map[string]*ecdsa.PublicKey{}
	for _, jwk := range list {
		kid, key := readKey(jwk)
		if key == nil {
			continue
		}
		if keys[kid] != nil {
			return nil, fmt.Errorf("%s returned two keys with the id %q", address, kid)
		}
		keys[kid] = key
	}
	return keys, nil
}

// readKey returns nil for other keys than those of admission tokens, which are ignored.
func readKey(value any) (string, *ecdsa.PublicKey) {
	jwk, _ := value.(map[string]any)
	kid, hasID := jwk["kid"].(string)
	isOther := func(name, expected string) bool {
		value, is := jwk[name]
		return is && value != expected
	}
	if !hasID || jwk["kty"] != "EC" || jwk["crv"] != "P-256" || isOther("alg", "ES256") || isOther("use", "sig") {
		return "", nil
	}
	coordinate := func(name string) *big.Int {
		text, _ := jwk[name].(string)
		decoded, err := base64url.DecodeString(text)
		if err != nil || len(decoded) != coordinateLen {
			return nil
		}
		return new(big.Int).SetBytes(decoded)
	}
	x, y := coordinate("x"), coordinate("y")
	if x == nil || y == nil || !elliptic.P256().IsOnCurve(x, y) {
		return "", nil
	}
	return kid, &ecdsa.PublicKey{Curve: elliptic.P256(), X: x, Y: y}
}
