package engine

import (
	"time"

	"delink/pkg/zoho"
)

// Backoff grows from backoffBase by two for each attempt up to backoffMax. The wait is drawn evenly
// from zero to it ("full jitter"), so that calls that failed together do not come back together.
const (
	backoffBase = 500 * time.Millisecond
	backoffMax  = 30 * time.Second
)

// retry decides about a call that failed for a reason that may pass: whether to send it again, and
// after which wait at the most. tries counts the failed calls so far, from 1. It has neither clock
// nor randomness of its own.
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
