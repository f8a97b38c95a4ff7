// Package zoho speaks the Zoho CRM API: its words (ID, Relation, data centres), one call at a time
// (Client), and what an answer means (Answer, Error).
//
// It makes one attempt per call and says what the answer means; repeating, pacing and giving up are
// the caller's decision. It knows nothing of files, batches or runs, and takes access tokens from
// whatever implements Tokens, as package login does. Facts of the API name their source with the
// letters D (documentation), S (OpenAPI files), K (official SDKs), R (reported by users), I
// (inferred); docs/zoho-api.md has the facts.
package zoho
