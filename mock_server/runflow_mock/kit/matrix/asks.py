"""What the rules of the matrix ask of a client, in one literal table, and how much each of them matters."""

from collections.abc import Mapping

from runflow_mock.domain.verdicts import Weight

ASKS: Mapping[str, tuple[str, Weight]] = {
    "completes": ("Where nothing goes wrong the client ends with exit code 0.", Weight.ERROR),
    "reports-failure": ("Where work fails or is refused the client ends with another exit code than 0.", Weight.WARNING),
    "handles-partial": ("A partial success is an end: the client stops waiting.", Weight.ERROR),
    "any-zone": ("In another time zone the client does the same: what the API tells is UTC.", Weight.ERROR),
    "recovers": ("What passes by itself is tried again, and the client ends with exit code 0.", Weight.ERROR),
    "creates-once": (
        "Nothing is created a second time because an answer is lost or refused, work takes long, or a callback is forged or comes again.",
        Weight.ERROR,
    ),
    "keeps-successes": ("What has succeeded is not created a second time because something else has failed.", Weight.ERROR),
    "tolerates-unknown-fields": ("Fields that nobody documented are ignored.", Weight.ERROR),
    "tolerates-nulls": (
        "A duration, cost or end that is null, as it may be by the document, keeps the client from nothing, and its callback is taken.",
        Weight.WARNING,
    ),
    "tolerates-unknown-states": ("A state that nobody documented is no end: the client goes on waiting.", Weight.ERROR),
    "finds-its-own": ("Beside the records of others the client waits for its own, and ends as that one does.", Weight.ERROR),
    "takes-no-page": (
        "What is no record, as a page or an empty answer, is no result: the client asks again, or ends with another exit code than 0.",
        Weight.ERROR,
    ),
    "waits-for-ends": ("A client that ends with exit code 0 was told of the end of everything that it has created.", Weight.ERROR),
    "checks-files": ("A client that ends with exit code 0 has fetched, or brought, every file whole that it began to.", Weight.ERROR),
    "bounds-waiting": ("What never comes is not waited for without end: an answer, the end of work, a callback.", Weight.WARNING),
    "takes-callbacks": ("A genuine callback is answered with 2xx.", Weight.ERROR),
    "refuses-forged": ("A callback that is not signed with the secret, over these bytes, is not answered with 2xx.", Weight.ERROR),
    "acts-after-verifying": ("A callback that was refused has no effect: the client ends as the genuine one says.", Weight.ERROR),
    "refuses-stale": ("A callback more than five minutes old is not answered with 2xx, although the signature fits.", Weight.ERROR),
    "takes-repeats": ("A callback that comes again is answered with 2xx again.", Weight.ERROR),
    "survives-callbacks": (
        "Callbacks that come early, late, in another order or forged do not keep the client from its end.",
        Weight.ERROR,
    ),
    "checks-certificates": (
        "Where nobody vouches for the certificate of who answers as the service, the client sends it nothing.",
        Weight.ERROR,
    ),
    "key-not-in-output": (
        "What the client prints holds neither its API key, nor a secret of callbacks or webhooks, deleted and replaced ones among them: "
        "as they are, escaped, in base64, base32 or hexadecimal digits, as numbers of bytes, in capitals, in groups, or turned round.",
        Weight.ERROR,
    ),
    "contract": ("What the client sends fits the document.", Weight.ERROR),
    "ends": ("The client comes to an end, whatever happens.", Weight.ERROR),
}
