#!/bin/sh
# fetch-wal.sh SEGMENTS NAME TARGET BYTES: the restore_command of a recovery. The last segment is there in part, with zeros at its end, and may get its name meanwhile.
for file in "$1/$2" "$1/$2.partial" "$1/$2"; do
  [ -f "$file" ] || continue
  case $2 in
    *.*) ;;
    *) [ "$(stat -c %s "$file")" = "$4" ] || continue ;;
  esac
  cp "$file" "$3" && exit 0
done
exit 1
