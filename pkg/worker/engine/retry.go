package engine

import (
	"time"

	"delink/pkg/zoho"
)

// The backoff is backoffBase after the first failed call, and doubles with each further one up to
// backoffMax. The wait is drawn evenly from zero to the backoff ("full jitter"), so that calls that
// failed together are not repeated together.
const (
	backoffBase = 500 * time.Millisecond
	backoffMax  = 30 * time.Second
)

// retry decides whether a call that failed is sent again, and after which wait at the most. tries
// counts the failed calls in a row, this one included. retry has neither clock nor randomness of
// its own.
func retry(tries, maxTries int, err *zoho.Error) (wait time.Duration, again bool) {
	switch err.Kind {
	case zoho.Unanswered, zoho.Unsent:
		return backoff(tries), tries < maxTries && !err.Lasting
	case zoho.BadToken: // the next token decides: see dispatcher.badToken
		return 0, true
	case zoho.Throttled: // the throttle paces it
		return 0, true
	case zoho.Nameless, zoho.Refused, zoho.Denied:
		return 0, false
	}
	return 0, false
}

func backoff(tries int) time.Duration {
	if tries > 6 {
		return backoffMax
	}
	return min(backoffMax, backoffBase<<(max(tries, 1)-1))
}
