//go:build !race

package simulation

const (
	fewSeeds = 300
	shuffled = false // goroutines that are ready at the same moment run in a random order
)
