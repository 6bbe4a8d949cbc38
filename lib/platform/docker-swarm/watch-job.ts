/*
 * Waits for the end of a job, prints its log, and fails when it has failed. The provider has no job that runs once and is waited for: it starts the service, and the docker client, on
 * the machine of Terraform, does the rest.
 */

/** @see watchEnvironment */
export const WATCH_JOB = `
tasks() { docker service ps --no-trunc --format '{{.DesiredState}}|{{.CurrentState}}|{{.Node}}|{{.Error}}' "$JOB_SERVICE"; }
judge() {
  found= open= bad= reason= waiting=
  while IFS='|' read -r desired state node error; do
    [ -n "$desired" ] || continue
    found=1
    case "$state" in
      Complete*) continue ;;
      Failed* | Rejected* | Orphaned* | Remove* | Shutdown*) bad=1 reason="$error" ;;
      *)
        case "$desired" in
          Shutdown | Remove) bad=1 reason="the node $node was lost while it ran" ;;
          *) open=1 waiting="$error" ;;
        esac
        ;;
    esac
  done <<END
$1
END
}
show_log() { docker service logs --raw --no-task-ids "$JOB_SERVICE" 2>&1 & log=$!; ( sleep 20; kill $log ) >/dev/null 2>&1 & guard=$!; wait $log; kill $guard 2>/dev/null; }
fail() { show_log; echo "$JOB failed: $1" >&2; exit 1; }
command -v docker >/dev/null || { echo "$JOB cannot be waited for: the docker client is not installed on this machine" >&2; exit 1; }
left=$JOB_TIMEOUT
while :; do
  list=$(tasks) || { echo "$JOB cannot be waited for: the docker client does not reach the Swarm; set DOCKER_HOST, or host in the provider" >&2; exit 1; }
  judge "$list"
  [ -z "$bad" ] || fail "\${reason:-its task ended}"
  if [ -n "$found" ] && [ -z "$open" ]; then show_log; exit 0; fi
  [ "$left" -gt 0 ] || fail "it did not end within $JOB_TIMEOUT s\${waiting:+ ($waiting)}"
  left=$((left - 1))
  sleep 1
done
`;

/** What the program is told. */
export function watchEnvironment(job: string, service: string, seconds: number): Record<string, string> {
  return { JOB: job, JOB_SERVICE: service, JOB_TIMEOUT: String(seconds) };
}
