package history

// Migrations are those of the history.
var Migrations = migrations
