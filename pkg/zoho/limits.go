package zoho

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// retryAfter is how long the CRM asks to wait: from Retry-After, in seconds or as a date, else from
// X-RATELIMIT-RESET. It is 0 where they are missing or make no sense. Zoho documents neither.
func retryAfter(h http.Header) time.Duration {
	s := strings.TrimSpace(h.Get("Retry-After"))
	const year = 365 * 24 * time.Hour
	if n, err := strconv.ParseFloat(s, 64); err == nil && n > 0 && !math.IsInf(n, 0) {
		return time.Duration(min(n, year.Seconds()) * float64(time.Second))
	}
	if t, err := http.ParseTime(s); err == nil {
		return min(max(0, time.Until(t)), year)
	}
	// In milliseconds since 1970, as other APIs of Zoho have it (K).
	if n, err := strconv.ParseInt(strings.TrimSpace(h.Get("X-RATELIMIT-RESET")), 10, 64); err == nil && n > 1e12 && n < 1e13 {
		return min(max(0, time.Until(time.UnixMilli(n))), year)
	}
	return 0
}

// creditsRemaining reads X-API-CREDITS-REMAINING, which comes once half of the credits are used
// (R). A negative number counts as 0.
func creditsRemaining(h http.Header) (int, bool) {
	n, err := strconv.Atoi(strings.TrimSpace(h.Get("X-API-CREDITS-REMAINING")))
	return max(n, 0), err == nil
}

// creditsGone reports whether a 429 says, by header or by text (R), that the credits of the last 24
// hours are used up. Neither is documented, so that false proves nothing.
func creditsGone(h http.Header, body *envelope) bool {
	if n, ok := creditsRemaining(h); ok && n == 0 {
		return true
	}
	if body == nil {
		return false
	}
	for _, t := range []text{body.ErrorInfo, body.Message} {
		s := strings.ToLower(string(t))
		if strings.Contains(s, "24 hour") || strings.Contains(s, "credit") || strings.Contains(s, "daily") {
			return true
		}
	}
	return false
}
