// Package thingspace simulates the part of Verizon ThingSpace that quality of
// service needs: OAuth2 tokens, session logins, the callback registry, the
// enhanceQoS endpoint and the asynchronous callbacks that it posts to the
// registered URL. It exists so that a configuration can be tried, and the
// provider and its receiver be tested, without an account.
//
// The simulator is stateful, and as strict as the ThingSpace documents read: a
// request that they do not allow is refused with a message that says what is
// wrong. What the documents leave open is a switch ([Switches]), and what goes
// wrong in a real network is a fault that a test injects ([Fault]).
//
// All delays run on an injected clock, so with a fake clock every callback is
// delivered when, and only when, a test advances it.
package thingspace
