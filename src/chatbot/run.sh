#!/bin/sh
# Started by the AWS Lambda Web Adapter (Handler: chatbot/run.sh), which waits until the port answers.
set -eu
cd "${LAMBDA_TASK_ROOT:-.}"
export PYTHONPATH="${LAMBDA_TASK_ROOT:-.}:/opt/python${PYTHONPATH:+:$PYTHONPATH}"
export CHATBOT_PORT="${AWS_LWA_PORT:-${PORT:-8080}}"
exec "${PYTHON:-python3}" -m chatbot.handler
