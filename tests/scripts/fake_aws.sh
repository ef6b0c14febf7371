# shellcheck shell=bash
# The AWS CLI, as the scripts find it: hands its words to the test, which answers (see fake_aws.py). It is started some
# fifty times in a test, and Bash starts ten times as fast as Python.
#
# The question is the number of words, the profile, the names of the variables of AWS, and the words; the answer what to
# write, what to complain, and the status or "interrupt", which presses Ctrl-C. All are ended by a NUL.

exec 3<>"/dev/tcp/127.0.0.1/$FAKE_AWS"
printf '%s\0' "$#" "${AWS_PROFILE-}" "${!AWS_*}" "$@" >&3
IFS= read -r -d '' out <&3
IFS= read -r -d '' error <&3
IFS= read -r -d '' status <&3
if [ "$status" = interrupt ]; then
    kill -INT 0
    sleep 5
fi
printf '%s' "$out"
printf '%s' "$error" >&2
exit "$status"
