// Package simulation tests whole jobs, each made from one number, the seed. It has no code but
// tests.
//
// A seed makes an input, a Zoho CRM with unusual answers and faults, a disk that fills up or loses
// power, kills at any moment, signals and limits. After a kill, the job is run again with what is
// left on the disk, until it is finished. Then the links in the CRM are compared with what the
// files say.
//
//	go test ./pkg/job/simulation -run Simulation            300 seeds
//	go test ./pkg/job/simulation -run Simulation -seed 17   one seed, with all its events
//	DELINK_SEEDS=2000 go test ./pkg/job/simulation          more seeds; -from is the first one
//	make soak SEEDS=100000                                  as many as there is time for
//	make soak-kill KILLS=200                                the real program, and real kills
//
// Job, worker, client, net/http on both sides, and the emulator are the real ones. Simulated are
// the disk's system calls, the network, which is in memory, and the time, which is that of a
// testing/synctest bubble. No two events have the same time, so a seed always gives the same run.
//
//	scenario  what a seed makes: the input, the CRM, and the faults of each process
//	drive     files that know what is written, what is synced, and which names survive
//	witness   the network, which notes every call
//	life      one process, from its start to its end or its kill
//	journal   what the journal of a killed process says, read without package journal
//	check     what must hold after each process
//	kill      the real program and real kills, if -kills asks for them
package simulation
