"""CI runs everything it must: a skip of a database, browser or acceptance test fails there."""

import pytest

POLICY = "tests.support.skipping"


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    """An empty project under this repository's skip policy."""
    pytester.makeini(
        "[pytest]\nmarkers =\n    postgres: database\n    kafka: broker\n    fault: kills\n"
        "asyncio_default_fixture_loop_scope = function\n"
    )
    return pytester


def test_a_person_may_skip_what_the_machine_lacks(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CI", raising=False)
    project.makepyfile(
        """
        import pytest

        @pytest.mark.postgres
        def test_database():
            pytest.skip("no server")
        """
    )
    project.runpytest_inprocess("-p", POLICY).assert_outcomes(skipped=1)


def test_in_ci_a_skipped_database_test_fails_and_is_named(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "true")
    project.makepyfile(
        """
        import pytest

        @pytest.mark.postgres
        def test_in_the_body():
            pytest.skip("no server")

        @pytest.mark.postgres
        @pytest.mark.skip(reason="not today")
        def test_by_mark():
            pass
        """
    )
    result = project.runpytest_inprocess("-p", POLICY)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines_random(
        [
            "*test_in_the_body*skipped, but postgres tests must run in CI: no server*",
            "*test_by_mark*skipped, but postgres tests must run in CI: not today*",
        ]
    )


def test_in_ci_other_skips_and_expected_failures_stand(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "true")
    project.makepyfile(
        """
        import pytest

        @pytest.mark.fault
        def test_at_length():
            pytest.skip("takes hours")

        @pytest.mark.postgres
        @pytest.mark.xfail(strict=True)
        def test_known_limit():
            assert False
        """
    )
    result = project.runpytest_inprocess("-p", POLICY)
    assert result.ret == pytest.ExitCode.OK
    result.assert_outcomes(skipped=1, xfailed=1)


def test_in_ci_no_module_may_skip_itself_whole(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "true")
    project.makepyfile("import pytest\npytest.importorskip('no_such_module')")
    result = project.runpytest_inprocess("-p", POLICY)
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines(["*module skipped in CI: could not import 'no_such_module'*"])
