"""How much of everything a chat, a document and an idle month take. Each figure is here once; pages print them."""

from __future__ import annotations

HOURS_A_MONTH = 730

# --- one chat: a question, an answer ---------------------------------------------------------------------------------
INPUT_TOKENS = 6_000
OUTPUT_TOKENS = 500
#: The whole turn; the function of 1 GB runs as long as the answer streams.
CHAT_SECONDS = 10.0
CHAT_GB = 1.0
#: What a client asks for besides, such as the list of conversations, and how long that takes.
OTHER_REQUESTS = 2
OTHER_SECONDS = 0.1
#: Of the data key, and of tables, functions and logs under the customer key. The data key stays in memory for five
#: minutes, so that this is what scattered chats take.
KMS_REQUESTS = 4
#: Log lines of a chat and of the other requests.
LOG_KB = 6
#: The answer as a stream of events.
TRANSFER_KB = 60

#: Calls to DynamoDB of a turn under an Idempotency-Key in a conversation that goes on, with the budget of tokens:
#: a test counts them.
DYNAMODB_CALLS = {"GetItem": 2, "Query": 2, "PutItem": 1, "TransactWriteItems": 1, "UpdateItem": 1}
#: Read units: the header twice, the day's usage, and eleven messages of 1.5 KB in 4 KB units, all consistent; and
#: half a unit for each second of the answer after the first, to see whether it was stopped, and a whole one before its
#: first words.
READS = 1 + 1 + 1 + 5 + 5
#: Write units of 1 KB: claim, usage; in the transaction, which costs twice, header, question (1 KB), answer (3 KB) and
#: claim; the index of conversations, whose key changes, takes two.
WRITES = 1 + 1 + 2 * (1 + 1 + 3 + 1) + 2
#: The two messages as they are kept, until HistoryTtlDays have passed: a month's chats.
STORED_KB = 4

#: Chats come in sessions; the custom metrics are billed for each hour of the clock in which there is one.
CHATS_A_SESSION = 10
SESSION_MINUTES = 20
CUSTOM_METRICS = 9

# --- one chat with documents, besides --------------------------------------------------------------------------------
#: A follow-up is searched for as it is, and as the model rewrites it.
SEARCHES = 2
SEARCH_SECONDS = 1.5
SEARCH_GB = 1.0
REWRITE_INPUT_TOKENS = 800
REWRITE_OUTPUT_TOKENS = 40
#: A search embeds the question, and the best passage for feedback.
EMBEDDED_TOKENS = 500
#: A search asks by vector and by words, and again after the feedback.
VECTOR_QUERIES = 4
DOCUMENT_KMS_REQUESTS = 4
DOCUMENT_LOG_KB = 3
#: A search reads the catalogue, and again the records of what it found, twice; citations make messages longer.
DOCUMENT_READS = SEARCHES * 20 + 15
DOCUMENT_WRITES = 24
DOCUMENT_STORED_KB = 12

# --- documents, per megabyte of files, in the month in which they are added -------------------------------------------
CHUNKS_A_MB = 100
CHUNK_TOKENS = 400
#: 1,024 numbers of four bytes, the text, and what is known of it.
CHUNK_KB = 8
INGESTION_SECONDS_A_MB = 6
INGESTION_GB = 2.0

# --- every month -----------------------------------------------------------------------------------------------------
#: Zips and templates of some releases in the artifacts bucket.
ARTIFACTS_GB = 0.2
#: Lambda asks an idle queue too: five pollers, each waiting twenty seconds.
QUEUE_POLLS = 5 * 3 * 60 * HOURS_A_MONTH
ALARM_EMAILS = 20

# --- OpenSearch Serverless NextGen -----------------------------------------------------------------------------------
#: It sleeps after so many minutes without a request (AWS documentation).
OPENSEARCH_IDLE_MINUTES = 10
#: Awake, a search has two workers and indexing one (AWS documentation); that each is a whole OCU is our assumption.
SEARCH_OCUS = 2
INDEXING_OCUS = 1


def sessions(chats: int) -> float:
    """How many times a month somebody sits down and chats."""
    return chats / CHATS_A_SESSION


def metric_hours(chats: int) -> float:
    """Hours of the clock with a chat in them: a session begins in one and may end in the next, likely as it is long."""
    return min(HOURS_A_MONTH, sessions(chats) * (1 + SESSION_MINUTES / 60))


def search_hours(chats: int) -> float:
    """Hours in which chats keep the search awake: the sessions, and the idle minutes after each."""
    return min(HOURS_A_MONTH, sessions(chats) * (SESSION_MINUTES + OPENSEARCH_IDLE_MINUTES) / 60)


def indexing_hours(documents_mb: float) -> float:
    """Hours in which documents that are added in one go keep indexing and search awake."""
    if not documents_mb:
        return 0.0
    return min(HOURS_A_MONTH, documents_mb * INGESTION_SECONDS_A_MB / 3600 + OPENSEARCH_IDLE_MINUTES / 60)
