package history

// Migrations are those of the history.
var Migrations = migrations

// OfOpen is how open deliveries are asked for.
const OfOpen = ofOpen
