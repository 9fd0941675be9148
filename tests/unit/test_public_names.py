"""Every public name keeps working: the names of today, as people have them in their notebooks.

A name may be added here whenever one becomes public. One may be removed only together with a line in
``CHANGELOG.md`` that says why.
"""

import inspect
from collections.abc import Iterator
from typing import Any

import pytest

import classy_nb as cn
from classy_nb import catalog, sandbox

PACKAGE = """
    BadRequestError BlockedError Classy ClassyError ClassyWarning ConnectionClosedError
    ConnectionFailedError ConnectionSetupError Credentials CredentialsError CredentialsWarning DataWarning
    Demo DeprecatedEndpointWarning ExportError IncompleteResultError InterruptedFetchError LoginError
    MemberOnlyError Mirror MirrorError NoSuchPathError NotFoundError NotLoggedInError NotPicklableError
    PermissionDeniedError QueryWarning RateLimitedError RedirectRefusedError Resource ResponseError
    ServerError TimedOutError UnauthorizedError UnexpectedAnswerError UsageError __version__ analysis
    connect demo dlt_source explode find login open_mirror read_csv show_versions spark_source
    to_csv to_excel to_parquet
"""
ANALYSIS = """
    FIELDS PLAN_FIELDS SEGMENTS active_plans by_period churn cohorts designation_totals duplicates
    failed_payments forecast gain_loss gifts gross_fees_net leaderboard left_out lybunt plan_lives reconcile
    refunds retention retention_donors rfm second_gift sybunt wide_answers with_contacts with_links
"""
SANDBOX = "Faults ONE_TIME Sandbox TODAY"
RESOURCES = """
    acknowledgements activity annual_summary_downloads annual_summary_reports answers appeal_sets apps
    asr_messages brandkit_images campaign_credential_sets campaign_social_videos campaigns
    channel_fundraising_entities channels chariot_integration comments consumer_charity_mappings
    custom_url_availability dedications designations domain_slugs donation_matching_plans
    donations_report donor_emails donors double_the_donation ecards engagement_settings faqs feed_items
    fitness_metrics fundraisers_report fundraising_pages fundraising_team_policies fundraising_teams
    js_customizations leading_fundraising_teams likes magic_link_batches matched_transactions me moments
    notifications organization_credential_sets organizations overviews own_supporter past_donors payouts
    plan_features promo_code_configurations promo_codes questions receipts recurring_donation_history
    recurring_donation_plans registrations restricted_countries roles slug_availability social_videos
    soft_credits source_tracking_codes staff_notification_settings stories subteams supporters
    ticket_types transaction_items transactions updates userinfo whitelisted_currencies
"""
PARAMETERS = {
    "connect": "client_id client_secret organization env_file timezone fiscal_year_start base_url token_url "
    "workers requests_per_minute headers",
    "login": "organization timezone fiscal_year_start base_url token_url env_file workers "
    "requests_per_minute headers prompt",
    "demo": "transactions seed timezone fiscal_year_start options",
    "to_csv": "frame path excel neutralize",
    "to_excel": "frames path",
    "to_parquet": "frame path",
    "read_csv": "path resource timezone dtype dtype_backend neutralize",
    "show_versions": "",
    "explode": "frame column parent_id columns",
    "spark_source": "pushdown",
    "Classy.get": "path parameters",
    "Classy.resources": "",
    "Classy.explore": "",
    "Classy.close": "",
    "Resource.__call__": "since until by where fields include aggregates sort limit dtype_backend progress",
    "Resource.batches": "rows dtype_backend progress",
    "Resource.count": "since until by where progress",
    "Resource.get": "id fields include aggregates",
    "Resource.to_csv": "path excel neutralize progress",
    "Resource.to_excel": "path progress",
    "Resource.to_parquet": "path progress",
    "Credentials.load": "client_id client_secret organization base_url token_url timezone fiscal_year_start "
    "env_file",
    "Credentials.save": "path",
    "analysis.active_plans": "plans on amount",
    "analysis.by_period": "gifts length fiscal_year_start",
    "analysis.churn": "plans today amount",
    "analysis.cohorts": "gifts values fiscal_year_start first_month",
    "analysis.failed_payments": "transactions amount",
    "analysis.forecast": "plans months today churn_rate amount",
    "analysis.gain_loss": "gifts year fiscal_year_start first_month",
    "analysis.gifts": "transactions amount status donor",
    "analysis.gross_fees_net": "transactions by prefix status fiscal_year_start",
    "analysis.leaderboard": "gifts by names top",
    "analysis.left_out": "transactions amount status donor",
    "analysis.lybunt": "gifts year fiscal_year_start first_month",
    "analysis.plan_lives": "plans today amount",
    "analysis.reconcile": "transactions",
    "analysis.retention": "gifts fiscal_year_start first_month today",
    "analysis.rfm": "gifts today",
    "analysis.second_gift": "gifts first within fiscal_year_start first_month today",
    "analysis.sybunt": "gifts year fiscal_year_start first_month",
    "analysis.with_contacts": "people supporters",
}
CONNECTION = "close explore fiscal_year_start get organization organization_name resources timezone workers"
COMMANDS = {
    "demo": "--to --transactions --seed",
    "export": "--to --since --until --by --where --fields --include --sort --limit --aggregates --parent "
    "--excel --raw-text --organization --env-file --timezone --base-url --token-url",
    "resources": "",
    "sandbox": "--port --transactions --seed --today --organizations --latency-ms --requests-per-minute "
    "--token-lifetime --client-id --client-secret --fault --script --token-script --slow",
}


@pytest.fixture(scope="module")
def demo() -> Iterator[cn.Demo]:
    with cn.demo(transactions=60) as classy:
        yield classy


@pytest.mark.parametrize(
    ("module", "names"),
    [(cn, PACKAGE), (cn.analysis, ANALYSIS), (sandbox, SANDBOX)],
    ids=["", "analysis", "sandbox"],
)
def test_modules_export_the_names_of_today(module: Any, names: str) -> None:
    assert set(names.split()) <= set(module.__all__)
    assert all(hasattr(module, name) for name in names.split())


def test_the_package_exports_no_name_that_is_not_listed_here() -> None:
    assert set(cn.__all__) <= set(PACKAGE.split()), "add the new name to PACKAGE"


def test_every_resource_is_an_attribute_of_a_connection(demo: cn.Demo) -> None:
    for name in RESOURCES.split():
        resource = getattr(demo, name)
        assert isinstance(resource, cn.Resource)
        assert resource.name == name
    assert set(catalog.load().resources) <= set(RESOURCES.split()), "add the new resource to RESOURCES"


@pytest.mark.parametrize("name", PARAMETERS)
def test_functions_take_the_parameters_of_today(name: str) -> None:
    function: Any = cn
    for part in name.split("."):
        function = getattr(function, part)
    assert set(PARAMETERS[name].split()) <= set(inspect.signature(function).parameters)


def test_a_connection_has_the_attributes_of_today(demo: cn.Demo) -> None:
    assert all(hasattr(demo, name) for name in [*CONNECTION.split(), "sandbox"])
    assert "id" in set(demo.transactions.columns["column"])


def test_credentials_hold_what_they_hold_today() -> None:
    credentials = cn.Credentials("an-id", "a-secret-of-some-length")
    for name in [
        "base_url",
        "client_id",
        "client_secret",
        "organization",
        "sources",
        "timezone",
        "token_url",
        "source",
    ]:
        assert hasattr(credentials, name)


def test_errors_say_what_failed() -> None:
    error = cn.NotFoundError("It is gone.", advice="Look elsewhere.", method="GET", path="/x", status=404)
    assert (error.what, error.advice, error.method, error.path, error.status) == (
        "It is gone.",
        "Look elsewhere.",
        "GET",
        "/x",
        404,
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_take_the_options_of_today(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    from classy_nb.cli import main

    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    text = capsys.readouterr().out
    assert [option for option in COMMANDS[command].split() if option not in text] == []
