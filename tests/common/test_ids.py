from generations.common.ids import uuid7


def test_ids_are_version_7_and_sort_by_time() -> None:
    ids = [uuid7() for _ in range(1000)]
    assert {(value.version, value.variant) for value in ids} == {(7, "specified in RFC 4122")}
    assert len(set(ids)) == 1000
    milliseconds = [value.int >> 80 for value in ids]
    assert milliseconds == sorted(milliseconds)
