package export

import (
	"encoding/binary"
	"hash"
	"hash/fnv"

	"delink/pkg/zoho"
)

// lastByNumber is how many records pages can be reached of by their number (docs/zoho-api.md).
const lastByNumber = 2000

// perPage is how many records a page has at most.
const perPage = 200

// pager goes through the pages of a list. It goes from page to page by the token that each page
// gives. If a page gives none, the next one is reached by its number. That works for the first
// lastByNumber records, and proves less: a record that leaves the list meanwhile shifts all behind
// it, and one of them is on no page. So a list that was read by numbers has to be read twice.
type pager struct {
	zoho.PageOf
	noTokens bool // tokens are refused where numbers do
	read     int  // records
	last     zoho.ID
	byNumber bool // a page after the first was reached by its number
	sum      hash.Hash64
}

func newPager(of zoho.PageOf, noTokens bool) *pager {
	of.Number, of.Token = 1, ""
	return &pager{PageOf: of, noTokens: noTokens, sum: fnv.New64a()}
}

// listState is what is known of a list after a page.
type listState int

const (
	atEnd       listState = iota // the list is at its end
	morePages                    // there is another page
	listChanged                  // the list changed while it was read, or the pages are in disorder
	truncated                    // there are more records, and no page leads to them
)

// add takes up a page.
func (p *pager) add(page zoho.Page) listState {
	var b [8]byte
	for _, r := range page.Records {
		if r.ID <= p.last {
			return listChanged
		}
		p.last = r.ID
		_, _ = p.sum.Write(binary.BigEndian.AppendUint64(b[:0], uint64(r.ID)))
	}
	p.read += len(page.Records)
	byNumber := p.Token == "" && p.Number < lastByNumber/perPage
	switch {
	case !page.More:
		return atEnd
	case page.Token != "" && (!p.noTokens || !byNumber):
		p.Number, p.Token = 0, page.Token
	case byNumber:
		p.Number++
		p.byNumber = true
	default:
		return truncated
	}
	return morePages
}
