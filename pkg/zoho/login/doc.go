// Package login gets access tokens for Zoho CRM: from stored credentials (Source), or from a grant
// code that a person has made (Server.Exchange). It keeps tokens and lock-outs between runs
// (Cache), and takes secrets out of what servers send back.
//
// All errors are of type *zoho.Error. Denied means that the login is refused, and that asking again
// would not help. Unsent means that the accounts host could not be asked, or did not answer.
//
// Facts of the API name their source with a letter, which docs/zoho-api.md explains.
package login
