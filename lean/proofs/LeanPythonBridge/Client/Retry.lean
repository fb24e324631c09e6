module

/-! # The Lazy Pirate client as a pure state machine

One `State` follows one request from its first send to its end. Whoever owns the socket and the clock drives it:
report what happened as an `Event`, `step`, carry out the `Action`s in their order, repeat until `State.isFinished`:

1. begin with `State.init id` and the event `start now`;
2. wait for the socket until `State.wakeMs`, at the latest;
3. report a reply as `reply`, an error of the socket as `sendFailure`, and silence, that is, the end of the wait, as
   `tick now random`; an event that does not fit the state, such as an early `tick` or a stale reply, is ignored.

The machine reads no clock and draws no random number: events bring both. Times are milliseconds of any clock that
never goes back. All tries carry the same id. The theorems are in `RetryProofs`. -/

@[expose] public section

namespace LeanPythonBridge.Retry

universe u

/-- What the caller chooses. -/
structure Config where
  /-- How often the request is sent, at most. -/
  maxTries : Nat := 3
  /-- How long one try waits for its reply. -/
  timeoutMs : Nat := 2500
  /-- The longest pause after the first failure; it doubles with each further one. -/
  backoffBaseMs : Nat := 100
  /-- The longest pause after any failure. -/
  backoffMaxMs : Nat := 5000
  /-- There is at least one try. -/
  maxTries_pos : 0 < maxTries := by decide

/-- The configuration with these values, unless they allow no try. -/
def Config.make? (maxTries timeoutMs backoffBaseMs backoffMaxMs : Nat) : Option Config :=
  if h : 0 < maxTries then some ⟨maxTries, timeoutMs, backoffBaseMs, backoffMaxMs, h⟩ else none

/-- Why a try failed. -/
inductive Cause where
  /-- No reply came in time. -/
  | timeout
  /-- The socket could not connect, send or receive; with its own words. -/
  | sendFailure (message : String)
deriving DecidableEq

/-- What happened. The type `α` is that of a reply's payload, for instance its frames. -/
inductive Event (α : Type u) where
  /-- The caller wants the request sent. -/
  | start (nowMs : Nat)
  /-- A reply arrived, with its correlation id. -/
  | reply (id : String) (payload : α)
  /-- The socket failed. `random` is any random number; it spreads the clients' next tries. -/
  | sendFailure (message : String) (nowMs random : Nat)
  /-- Time has passed. `random` is any random number; it spreads the clients' next tries. -/
  | tick (nowMs random : Nat)
deriving DecidableEq

/-- What to do, in this order. -/
inductive Action (α : Type u) where
  /-- Have a connected socket that owes no reply: a new one, or one kept from a call that got its reply. -/
  | connect
  /-- Send the request on that socket. -/
  | send
  /-- Close the socket, dropping what it still holds: a late reply goes with it. -/
  | close
  /-- Do nothing before `untilMs`, then report a `tick`. -/
  | wait (untilMs : Nat)
  /-- Hand the reply's payload to the caller. The call is over; the socket may be kept. -/
  | deliver (payload : α)
  /-- Tell the caller that the last of `tries` tries failed too, and why. The call is over. -/
  | giveUp (tries : Nat) (cause : Cause)
deriving DecidableEq

/-- Where a call stands. -/
inductive Phase where
  /-- Nothing has been sent. -/
  | idle
  /-- The request is on its way; its try fails at `deadlineMs`. -/
  | awaitingReply (deadlineMs : Nat)
  /-- A try failed, there is no socket; the next try begins at `untilMs`. -/
  | backingOff (untilMs : Nat)
  /-- The reply was handed over. -/
  | delivered
  /-- Every try failed. -/
  | gaveUp
deriving DecidableEq

/-- The state of one call. -/
structure State where
  /-- The correlation id of the request and of the only reply that counts. -/
  id : String
  /-- Where the call stands. -/
  phase : Phase
  /-- How often the request has been sent. -/
  tries : Nat
deriving DecidableEq

/-- The state before anything was sent. -/
def State.init (id : String) : State := ⟨id, .idle, 0⟩

/-- Whether the call is over. -/
def State.isFinished (s : State) : Bool :=
  match s.phase with
  | .delivered | .gaveUp => true
  | _ => false

/-- When the machine wants its next `tick`, if it wants one: how long to wait for the socket. -/
def State.wakeMs (s : State) : Option Nat :=
  match s.phase with
  | .awaitingReply deadlineMs => some deadlineMs
  | .backingOff untilMs => some untilMs
  | _ => none

/-- The longest pause after `failures + 1` failures: `backoffBaseMs * 2 ^ failures`, or `backoffMaxMs` when that is
less. Capped at each doubling, so that it stays small however many tries there are. -/
def backoffCeilingMs (config : Config) : (failures : Nat) → Nat
  | 0 => min config.backoffBaseMs config.backoffMaxMs
  | failures + 1 => min (2 * backoffCeilingMs config failures) config.backoffMaxMs

/-- The pause after `tries` failed tries: the ceiling, less a random share of up to half of it. -/
def backoffMs (config : Config) (tries random : Nat) : Nat :=
  let ceiling := backoffCeilingMs config (tries - 1)
  ceiling - random % (ceiling / 2 + 1)

/-- Send the request once more. -/
def sendNow {α : Type u} (config : Config) (s : State) (nowMs : Nat) : State × List (Action α) :=
  (⟨s.id, .awaitingReply (nowMs + config.timeoutMs), s.tries + 1⟩, [.connect, .send])

/-- After a failed try: pause before the next, or give up when it was the last. -/
def failed {α : Type u} (config : Config) (s : State) (cause : Cause) (nowMs random : Nat) :
    State × List (Action α) :=
  if s.tries < config.maxTries then
    let untilMs := nowMs + backoffMs config s.tries random
    (⟨s.id, .backingOff untilMs, s.tries⟩, [.close, .wait untilMs])
  else
    (⟨s.id, .gaveUp, s.tries⟩, [.close, .giveUp s.tries cause])

/-- One event: the next state, and what to do. -/
def step {α : Type u} (config : Config) (s : State) (event : Event α) : State × List (Action α) :=
  match s.phase, event with
  | .idle, .start nowMs => sendNow config s nowMs
  | .awaitingReply _, .reply id payload =>
    if id = s.id then (⟨s.id, .delivered, s.tries⟩, [.deliver payload]) else (s, [])
  | .awaitingReply _, .sendFailure message nowMs random => failed config s (.sendFailure message) nowMs random
  | .awaitingReply deadlineMs, .tick nowMs random =>
    if deadlineMs ≤ nowMs then failed config s .timeout nowMs random else (s, [])
  | .backingOff untilMs, .tick nowMs _ =>
    if untilMs ≤ nowMs then sendNow config s nowMs else (s, [])
  | _, _ => (s, [])

/-- A list of events, from a state: the last state, and all actions in order. -/
def run {α : Type u} (config : Config) (s : State) : List (Event α) → State × List (Action α)
  | [] => (s, [])
  | event :: events =>
    let next := step config s event
    let rest := run config next.1 events
    (rest.1, next.2 ++ rest.2)

/-! Whole conversations, evaluated in the kernel: a lost reply, then a stale one, then ours; and only silence. -/

example : (run {} (.init "a") [.start 0, .tick 2499 0, .tick 2500 7, .tick 2560 0, .tick 2593 0,
      .reply "b" 1, .reply "a" 2, .reply "a" 3]).2 =
    [.connect, .send, .close, .wait 2593, .connect, .send, .deliver 2] := by decide +kernel

example : (run (α := Nat) { maxTries := 2 } (.init "a") [.start 0, .sendFailure "down" 1 0, .tick 101 0,
      .tick 2601 0, .tick 9999 0]) =
    (⟨"a", .gaveUp, 2⟩, [.connect, .send, .close, .wait 101, .connect, .send, .close, .giveUp 2 .timeout]) := by
  decide +kernel

end LeanPythonBridge.Retry
