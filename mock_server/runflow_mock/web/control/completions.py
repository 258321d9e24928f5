"""Completion: adds to what a request says what the world of its tenant knows, such as the model of the run that it names."""

from msgspec.structs import replace

from runflow_mock.domain.errors import ModelNotFound
from runflow_mock.domain.places import Subject
from runflow_mock.engine.subjects import with_record
from runflow_mock.engine.targets import find_target
from runflow_mock.web.calls import Call
from runflow_mock.wire.journal_subjects import Complete


def completion(call: Call) -> Complete:
    """Returns what adds to requests what the world of this call's tenant knows."""

    def complete(subject: Subject) -> Subject:
        if subject.run_id is not None or subject.batch_id is not None:
            return with_record(call.store, subject)
        if subject.model is None:
            return subject
        try:
            return replace(subject, model=find_target(call.caller.world.catalog, call.store, subject.model).model.id)
        except ModelNotFound:
            return subject

    return complete
