package main

import (
	"bufio"
	"encoding/csv"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"sync"

	"delink/pkg/zoho/emulator"
)

// bareCSV reads a file as encoding/csv does, and nothing else.
func bareCSV(args []string) error {
	if len(args) != 1 {
		return errors.New("bare-csv FILE")
	}
	f, err := os.Open(args[0])
	if err != nil {
		return err
	}
	defer f.Close()
	in := csv.NewReader(bufio.NewReaderSize(f, 1<<20))
	in.ReuseRecord = true
	for {
		if _, err := in.Read(); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// bareSender makes the calls for an input in order, from as many goroutines as there are slots, and
// looks at no answer.
func bareSender(args []string) error {
	flags := flag.NewFlagSet("bare-sender", flag.ContinueOnError)
	url := flags.String("url", "", "of the emulator")
	links := flags.Int("links", 0, "in all")
	each := flags.Int("each", 0, "links of a parent")
	slots := flags.Int("slots", 0, "calls in flight")
	if err := flags.Parse(args); err != nil {
		return err
	}
	calls := make(chan int)
	failed := make(chan error, *slots)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: *slots, MaxConnsPerHost: *slots}}
	var senders sync.WaitGroup
	for range *slots {
		senders.Go(func() {
			for first := range calls {
				if err := send(client, *url, first, min(first+batch, *links), *each); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	var err error
	for first := 0; first < *links && err == nil; first += batch {
		select {
		case calls <- first:
		case err = <-failed:
		}
	}
	close(calls)
	senders.Wait()
	return err
}

func send(client *http.Client, url string, first, end, each int) error {
	path := fmt.Appendf(nil, "%s/crm/v8/Campaigns/%d/Leads?ids=", url, parentID(first/each))
	for n := first; n < end; n++ {
		if n > first {
			path = append(path, ',')
		}
		path = strconv.AppendUint(path, relatedID(n), 10)
	}
	req, err := http.NewRequest(http.MethodDelete, string(path), nil)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Zoho-oauthtoken "+emulator.Default().AccessToken)
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("answered %s", resp.Status)
	}
	_, err = io.Copy(io.Discard, resp.Body)
	return err
}
