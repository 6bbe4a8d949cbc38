# What the supervisor (supervise.sh) asks of root's part (keeper.sh) in a proxy with TLS, in the place of doing it itself.

ask() { # ask COMMAND ARGUMENT
  echo "$*" >&3
  of=
  # A question that a signal has cut short may be answered first.
  until [ "$of" = "$1" ]; do
    read -r verdict of detail <&4 || return 1
  done
  [ "$verdict" = ok ]
}

start_nginx() {
  ask start -
  nginx_pid=$detail
}

test_nginx() {
  ask test "${1#"$state/"}" && return
  cat "$PROXY_KEPT/test" >"$work.test"
  return 1
}

reload_nginx() { ask reload -; }

end_nginx() { ask stop "$drain"; }
