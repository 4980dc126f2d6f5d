// Package camara simulates network operators that offer CAMARA
// Quality-on-Demand: QoD sessions in every public version, QoS profiles, QoS
// assignments (qos-provisioning), the OAuth server that issues the tokens for
// them, and the notifications that they post. One [Sandbox] is one operator that
// speaks one [Version]. It exists so that a configuration can be tried, and the
// provider be tested, without a contract.
//
// The simulator is stateful, and as strict as the CAMARA documents read: a
// request that they do not allow is refused with a message that says what is
// wrong. What the documents leave open is a switch ([Switches]), and what goes
// wrong in a real network is a fault that a test injects ([Fault]).
//
// All delays, expiries and times run on an injected clock. The state of a
// session depends on nothing but what was asked and the clock's present time, so
// with a fake clock every answer is determined.
package camara
