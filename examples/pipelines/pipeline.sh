#!/usr/bin/env bash
# What the pipelines in this folder have in common. Copy it to the root of your
# repository, beside the configuration.
#
#   pipeline.sh plan FOLDER    saves a plan, what it says, and what it was made of
#   pipeline.sh apply FOLDER   applies that very plan, to the same files only
#   pipeline.sh renew          applies what keeps sessions alive, and nothing else
#
# Environment: TF (terraform or tofu), LOCK_TIMEOUT (how long to wait for another
# run, 10m), RENEW (the resource types that renew changes, separated by |), and
# PLAN_KEY, with which saved plans are encrypted: a plan has secrets in it.
set -euo pipefail

TF=${TF:-terraform}
LOCK_TIMEOUT=${LOCK_TIMEOUT:-10m}
RENEW=${RENEW:-camara_qod_session}

export TF_IN_AUTOMATION=1 TF_INPUT=0
umask 077
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

plan() { # FOLDER
  mkdir -p "$1"
  prepare
  gently "$TF" plan -lock-timeout="$LOCK_TIMEOUT" -out="$scratch/plan"
  "$TF" show -no-color "$scratch/plan" > "$1/plan.txt"
  tree > "$1/tree"
  seal < "$scratch/plan" > "$1/plan"
}

apply() { # FOLDER
  [ "$(tree)" = "$(cat "$1/tree")" ] || fail "What is checked out is not what was planned and reviewed. Plan again."
  unseal < "$1/plan" > "$scratch/plan"
  prepare
  gently "$TF" apply -lock-timeout="$LOCK_TIMEOUT" "$scratch/plan"
}

renew() {
  prepare
  if ! gently "$TF" plan -lock-timeout="$LOCK_TIMEOUT" -out="$scratch/plan" -json > "$scratch/changes"; then
    cat "$scratch/changes"
    fail "The plan failed."
  fi
  "$TF" show -no-color "$scratch/plan"
  local changes others
  changes=$(grep '"type":"planned_change"' "$scratch/changes" | grep -v '"action":"read"' || true)
  others=$(grep -Ev "\"resource_type\":\"($RENEW)\"" <<< "$changes" || true)
  [ -z "$others" ] || fail "Something else than a renewal is to be done, and nothing was. Apply that first."
  [ -z "$changes" ] || gently "$TF" apply -lock-timeout="$LOCK_TIMEOUT" "$scratch/plan"
}

prepare() {
  "$TF" init -lockfile=readonly -no-color > "$scratch/init" || { cat "$scratch/init"; fail "init failed."; }
}

# The content of all committed files, whatever the commit is called: a merge that
# changes nothing keeps it.
tree() { git rev-parse 'HEAD^{tree}'; }

seal() {
  if [ -n "${PLAN_KEY:-}" ]; then openssl enc -aes-256-cbc -pbkdf2 -salt -pass env:PLAN_KEY; else cat; fi
}

unseal() {
  if [ -n "${PLAN_KEY:-}" ]; then openssl enc -d -aes-256-cbc -pbkdf2 -pass env:PLAN_KEY; else cat; fi
}

# Runs a command so that a cancelled job interrupts it once and waits for its end.
# A runner may signal every process of the job and soon kill what is left: so the
# command gets a session of its own, is nobody's child, and lacks the variable by
# which Jenkins finds processes. It ends by itself when this script is killed first.
gently() {
  (setsid env -u JENKINS_SERVER_COOKIE bash -c 'echo $$ > "$0/pid"; "$@"; echo $? > "$0/status"' "$scratch" "$@" &)
  until [ -s "$scratch/pid" ]; do sleep 0.1; done
  local pid
  pid=$(cat "$scratch/pid")
  # Once: at a second interrupt, Terraform gives up what is under way.
  trap 'trap "" INT TERM; kill -INT -- "-$pid"' INT TERM
  while kill -0 "$pid" 2> /dev/null; do
    sleep 0.5 &
    wait $! || true
  done
  trap - INT TERM
  local status
  status=$(cat "$scratch/status" 2> /dev/null || echo 137)
  rm -f "$scratch/pid" "$scratch/status"
  return "$status"
}

fail() { # MESSAGE
  echo "pipeline.sh: $1" >&2
  exit 1
}

case "${1:-} $#" in
  "plan 2" | "apply 2" | "renew 1") "$@" ;;
  *) fail "usage: pipeline.sh plan FOLDER | apply FOLDER | renew" ;;
esac
