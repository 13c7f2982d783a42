package sqlitedb

// Publish gives a file its name, as the last step of Copy.
var Publish = publish
