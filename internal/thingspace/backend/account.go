package backend

import "regexp"

// AccountName is the form of a billing account's name: digits, and a dash with
// more digits, every leading zero kept (ThingSpace, "Create the ThingSpace
// Quality of Service API Subscription").
var AccountName = regexp.MustCompile(`^[0-9]+(-[0-9]+)*$`)

// AccountNameRule says what AccountName accepts.
const AccountNameRule = "must be digits, with a dash between its parts and every leading zero kept, such as 0000123456-00001"
