// Package archtest holds the shape of the code as tests: which package may import
// which, what stays out of the programs, and who may print or exit. It has no code of
// its own outside the tests.
//
// Every package under internal/ has a level in the table of table_test.go and imports
// only packages of lower levels, so that a reader can start at the bottom and never
// has to look up. A new package fails the test until it has a level: give it the
// lowest one that is above all it imports.
//
// The bans say what a level can't: that one library has one importer, or that the
// domain does no I/O. Each carries its reason, which the failing test prints; a ban
// whose reason no longer holds is to be changed here, in the commit that argues it.
//
// Tests may import whatever they like: only files that end up in a program are read,
// those of all systems alike.
package archtest
