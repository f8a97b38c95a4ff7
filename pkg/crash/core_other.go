//go:build !unix

package crash

// forbidCoreDumps has nothing to do: only Unix systems write core dumps.
func forbidCoreDumps() {}
