"""What calls from Python are given: values of other libraries are right, or refused in one line."""

import enum
import itertools
from fractions import Fraction

import jax
import numpy as np
import pytest
from flax import linen as nn
from jax import numpy as jnp

import dlfun
from dlfun.config import arguments, parsers
from dlfun.config.keywords import read_options
from dlfun.config.search_call import as_text, search_values
from dlfun.errors import LONGEST, UserError, short
from dlfun.models import Own
from dlfun.models.own import OwnModule, check_dropout, own, streams
from dlfun.studies.call import claim_values
from dlfun.types import Spec

X = np.random.default_rng(0).normal(size=(40, 2))
Y = np.arange(40) % 2
NAMES = np.array(["a", "b"])[Y]


class Unprintable:
    def __str__(self):
        raise RuntimeError("no text")

    __repr__ = __str__


class Optimizer(enum.Enum):
    ADAM = "adam"


def deep():
    found = []
    for _ in range(3000):
        found = [found]
    return found


@pytest.fixture(scope="module")
def data():
    return dlfun.from_arrays(X, Y, name="small")


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("seed", np.int64(3), 3),
        ("seed", np.array(3), 3),
        ("seed", jnp.array(3), 3),
        ("epochs", np.float32(0.5), 0.5),
        ("epochs", Fraction(1, 4), 0.25),
        ("overwrite", np.bool_(True), True),
        ("augment", {"shift": np.int64(2)}, (("shift", 2.0),)),
        ("keep", np.str_("best"), "best"),
    ],
)
def test_numbers_of_other_libraries_are_options(name, value, wanted):
    assert read_options({name: value}) == {name: wanted}


def test_a_number_of_a_model_is_no_option_of_a_study():
    with pytest.raises(UserError, match=r"is an argument of a model; write dlfun\.model\("):
        read_options({"learning_rate": 0.1})


def test_lists_of_numpy_numbers_are_shapes():
    for widths in ([np.int64(3), np.int64(4)], np.array([3, 4]), range(3, 5)):
        assert dict(dlfun.model("bpnn", widths=widths).given)["widths"] == (3, 4)
    assert dict(dlfun.model("softmax", optimizer=Optimizer.ADAM).given) == {"optimizer": "adam"}


ODD = [None, "", " ", "a\nb", b"x", 1j, [[1, 2], [3]], {"a": 1}, {1}, deep(), Unprintable(), len]
ODD += [iter([1]), itertools.count(), np.ma.masked, np.zeros((2, 2)), 10**5000, "x" * 10**5]


@pytest.mark.parametrize("value", ODD, ids=lambda value: type(value).__name__)
def test_what_is_no_value_is_refused_in_one_line(value, data):
    calls = [
        lambda: dlfun.load(value),
        lambda: dlfun.load("xor", data_dir=value if value is not None else 5),
        lambda: dlfun.from_arrays(X, Y, name=value),
        lambda: dlfun.from_arrays(X, Y, test=value if value is not None else 5),
        lambda: dlfun.from_arrays(X, Y, train_examples=value if value is not None else ""),
        lambda: dlfun.model(value),
        lambda: dlfun.model("cnn", learning_rate=value),
        lambda: dlfun.model(nn.Dense(2), name=value if value is not None else 3),
        lambda: dlfun.sweep("softmax", data, value),
        lambda: dlfun.sweep("softmax", data, {"learning_rate": value}),
        lambda: dlfun.sweep("bpnn", data, {"widths": [value]}),
        lambda: dlfun.compare(["softmax"], data, reference=value if value is not None else 3),
        lambda: dlfun.train("softmax", data, output_dir=value if value is not None else 5),
        lambda: dlfun.read(value),
        lambda: data.split(value),
        lambda: data.split(seed=value),
    ]
    for i, call in enumerate(calls):
        with pytest.raises(UserError) as error:
            print(i, call())
        assert "\n" not in str(error.value)
        assert len(str(error.value)) <= LONGEST + 10


def test_what_an_error_quotes_is_cut():
    assert short("x" * 5000) == "x" * 60 + "..."
    assert short(Unprintable()) == "a Unprintable"
    whole = str(UserError(f"{'x' * 10**5}: is wrong; do this"))
    assert len(whole) < 1000
    assert whole.endswith("is wrong; do this")
    with pytest.raises(UserError, match=r"seeds=x{60}\.\.\.: must be a whole number"):
        parsers.checked(parsers.integer(1), "seeds", "x" * 5000)


@pytest.mark.parametrize("space", [None, [], {}, {"learning_rate": 0.1}, {"learning_rate": []}])
def test_a_space_is_names_and_lists(space):
    with pytest.raises(UserError, match=r"name something to try|must be a list of values"):
        search_values(dlfun.model("softmax"), space, None, {})


def test_spaces_of_arrays_are_lists():
    assert as_text(np.array([0.5, 1.0])) == as_text([np.float32(0.5), 1.0]) == "choice:0.5,1.0"


def test_one_baseline_is_a_name(data):
    named = claim_values([dlfun.model("softmax")], [data], None, None, "svm")
    assert named["baselines"] == ("svm",)
    with pytest.raises(UserError, match="baselines=5: must be a text"):
        claim_values([dlfun.model("softmax")], [data], None, None, [5])


def test_a_path_is_no_blank_and_not_too_long(tmp_path):
    assert arguments.path("output_dir", tmp_path / "new") == str(tmp_path / "new")
    for value in ("", " ", 5, b"x", "a\0b", "\udc80", "x" * 300):
        with pytest.raises(UserError, match="output_dir="):
            arguments.path("output_dir", value)


def missing(dtype):
    names = NAMES.astype(object)
    names[3] = np.nan
    return np.array(names, dtype=dtype)


class ByDLPack:
    def __init__(self, array):
        self.array = array

    def __dlpack__(self, **options):
        return self.array.__dlpack__(**options)

    def __dlpack_device__(self):
        return self.array.__dlpack_device__()


@pytest.mark.parametrize(
    ("inputs", "targets", "classes"),
    [
        (X, NAMES.astype(np.dtypes.StringDType()), ("a", "b")),
        (X, [*map(str, NAMES)], ("a", "b")),
        (X, list(Y), ("0", "1")),
        (X.astype(object), Y.astype(object), ("0", "1")),
        (jnp.asarray(X, jnp.bfloat16), jnp.asarray(Y), ("0", "1")),
        (ByDLPack(X), ByDLPack(Y), ("0", "1")),
        ([list(row) for row in X], Y == 1, ("0", "1")),
    ],
)
def test_arrays_of_any_kind(inputs, targets, classes):
    found = dlfun.from_arrays(inputs, targets)
    assert found.classes == classes
    plain = dlfun.from_arrays(X, Y)
    np.testing.assert_allclose(found.raw.train.inputs, plain.raw.train.inputs, rtol=1e-2)
    np.testing.assert_array_equal(found.raw.train.targets, plain.raw.train.targets)


def test_tables_of_pandas():
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame({"u": X[:, 0], "v": pandas.array(X[:, 1], dtype="Float64")})
    for names in (pandas.Categorical(NAMES), pandas.Series(NAMES, dtype="string")):
        found = dlfun.from_arrays(table, names)
        assert found.classes == ("a", "b")
        np.testing.assert_array_equal(found.raw.train.inputs, dlfun.from_arrays(X, Y).raw.train[0])
    whole = pandas.array([None, *Y[1:].tolist()], dtype="Int64")
    with pytest.raises(UserError, match="replace them"):
        dlfun.from_arrays(X, whole)


@pytest.mark.parametrize(
    ("call", "hint"),
    [
        (lambda: dlfun.from_arrays([[1, 2], [3]] * 20, Y), "lists of equal lengths"),
        (lambda: dlfun.from_arrays((row for row in X), Y), "is a generator"),
        (lambda: dlfun.from_arrays(X, map(int, Y)), "is a map"),
        (lambda: dlfun.from_arrays(X, set(Y)), "is a set"),
        (lambda: dlfun.from_arrays(X, 3), "single value"),
        (lambda: dlfun.from_arrays(X * 1j, Y), "must be numbers"),
        (lambda: dlfun.from_arrays(X.astype("M8[s]"), Y), "must be numbers"),
        (lambda: dlfun.from_arrays(X, Y, test=(X, Y, Y)), "must be a pair"),
        (lambda: dlfun.from_arrays(X, Y, test={"inputs": X}), "must be a pair"),
        (lambda: dlfun.from_arrays(X, Y, test=X[:2]), "must be a pair"),
        (lambda: dlfun.from_arrays(X, Y, test=(X, None)), "no test_targets"),
        (lambda: dlfun.from_arrays([np.ma.array(r, mask=r > 1) for r in X], Y), "masked"),
        (lambda: dlfun.from_arrays(X, missing(object)), "missing"),
        (lambda: dlfun.from_arrays(X, missing(np.dtypes.StringDType(na_object=np.nan))), "missing"),
        (lambda: dlfun.from_arrays(np.zeros((40, 0)), Y), "are empty"),
        (lambda: jax.jit(lambda x: dlfun.from_arrays(x, Y))(X), "cannot be read as an array"),
    ],
)
def test_what_is_no_array_is_refused(call, hint):
    with pytest.raises(UserError, match=hint):
        call()


def test_pairs_without_labels_are_for_generative_models():
    assert dlfun.from_arrays(X, test=(X, None)).spec.task == "generation"


SPEC = Spec((4,), "vector", "classification", 2)


def made(call, **fields):
    """A module of one method, written as users write them."""
    return type(
        "Mine", (nn.Module,), {"__call__": nn.compact(call), "__module__": __name__, **fields}
    )()


def moving(self, x, train=False):
    count = self.variable("cache", "count", lambda: jnp.zeros(()))
    if train:
        count.value += 1
    return nn.Dense(2)(x)


def remembering(self, x, train=False):
    last = self.variable("cache", "last", lambda: jnp.zeros(x.shape))
    if train:
        last.value = x
    return nn.Dense(2)(x)


def counting(self, x):
    self.variable("cache", "count", lambda: jnp.zeros((), jnp.int32))
    return nn.Dense(2)(x)


def sowing(self, x):
    self.sow("losses", "size", (x**2).sum())
    return nn.Dense(2)(x)


def looping(self, x):
    grown = jax.lax.while_loop(lambda c: c.sum() < 9, lambda c: c + 1, nn.Dense(2)(x))
    return grown


def failing(self, x):
    raise AssertionError


def dropped(x, train):
    return nn.Dense(2)(nn.Dropout(0.5, deterministic=not train)(x))


REFUSED = [
    (lambda self, x: x[:, :2], "has no parameters"),
    (lambda self, x: nn.Dense(2)(x)[:1], r"gives \[1, 2\]"),
    (lambda self, x: nn.Dense(2)(x)[::-1], "depends on the others of its batch"),
    (lambda self, x: nn.Dense(2)(x - x.mean(0, keepdims=True)), "depends on the others"),
    (lambda self, x: nn.Dense(2)(x)[None], r"gives \[1, 3, 2\]"),
    (lambda self, x: (nn.Dense(2)(x), 1), "gives tuple"),
    (lambda self, x: nn.Dense(2)(x).astype(int), "gives int32"),
    (lambda self, x: nn.Dense(2, param_dtype=jnp.complex64)(x), "is complex64"),
    (lambda self, x: nn.Dense(3 if self.is_initializing() else 2)(x), "fails on inputs"),
    (lambda self, x: nn.Dense(2)(x) / len(self.param("w", lambda key: (x, x))), "no plain array"),
    (lambda self, x: dropped(x, True), "draws random numbers when it is evaluated"),
    (lambda self, x: nn.BatchNorm(False)(nn.Dense(2)(x)), "changes its variables"),
    (lambda self, x, is_train=False: dropped(x, is_train), "nothing is passed as its argument"),
    (lambda self, x, inference=True: dropped(x, not inference), "nothing is passed"),
    (lambda self, x, phase: dropped(x, phase), "fails on inputs"),
    (lambda self, x: nn.Dense(int(x.sum()))(x), "fails on inputs"),
    (remembering, "change their shape in training"),
    (counting, "cache/count is int32"),
    (sowing, "losses/size"),
    (looping, "in training"),
    (failing, "AssertionError"),
]


@pytest.mark.parametrize(("call", "hint"), REFUSED, ids=[hint for _, hint in REFUSED])
def test_a_module_that_cannot_be_trained_or_evaluated_is_refused(call, hint):
    with pytest.raises(UserError, match=f"Mine: .*{hint}"):
        own(Own(made(call)), SPEC)


def test_a_module_may_be_given_lists_and_a_dict():
    inner = nn.Dense(4)
    given = dlfun.model(nn.Sequential([inner, nn.Sequential([nn.relu, inner]), nn.Dense(2)]))
    made_own = own(Own(given.module), SPEC)
    held = made_own.init(jax.random.key(0), jnp.ones((1, 4)))["params"]
    assert sorted(held) == ["layers_0", "layers_2"], "a layer that stands there twice is one"
    again = dlfun.model(nn.Sequential((inner, nn.Sequential((nn.relu, inner)), nn.Dense(2))))
    assert given.module == again.module

    class Configured(nn.Module):
        sizes: dict

        @nn.compact
        def __call__(self, x):
            return nn.Dense(self.sizes["out"])(x)

    assert own(Own(dlfun.model(Configured({"out": 2})).module), SPEC)


def test_a_module_may_have_a_rate_of_dropout_of_its_own_or_one_that_is_swept():
    def stock(self, x, train=False, dropout_rate=0.1):
        keep = 1 - dropout_rate
        return nn.Dense(2)(nn.Dropout(1 - keep, deterministic=not train)(x))

    module = own(Own(made(stock)), SPEC)
    with pytest.raises(UserError, match=r"Mine: .*nn.Dropout takes none that is traced"):
        check_dropout(module, SPEC)
    swept = own(Own(made(lambda self, x, dropout_rate=None: nn.Dense(2)(x))), SPEC)
    check_dropout(swept, SPEC)


@pytest.mark.parametrize("given", [None, 5, (np.eye(4), [0, 1, 0, 1])])
def test_what_is_no_data_says_what_is(given):
    with pytest.raises(UserError, match=r"what dlfun\.load and dlfun\.from_arrays"):
        dlfun.train("softmax", given)


@pytest.mark.parametrize("inverted", [False, True])
@pytest.mark.parametrize(
    "name", ["train", "training", "is_training", "deterministic", "use_running_average"]
)
def test_a_module_is_told_whether_it_trains(name, inverted):
    off = name in ("deterministic", "use_running_average")
    body = (
        f"lambda self, x, {name}{'' if inverted else f'={off}'}: seen.append({name}) or dense(2)(x)"
    )
    seen = []
    module = OwnModule(made(eval(body, {"seen": seen, "dense": nn.Dense})))
    held = module.init(jax.random.key(0), jnp.ones((1, 4)))
    for train in (True, False):
        module.apply(held, jnp.ones((1, 4)), train=train)
        assert seen[-1] == (train != off)


def test_streams_of_any_name_are_drawn_anew_and_apart(key):
    def noisy(self, x, train=False):
        draws = [jax.random.normal(self.make_rng(n), (2,)) for n in ("dropout", "mine", "noise")]
        return nn.Dense(2, kernel_init=nn.initializers.zeros)(x) * 0 + jnp.stack(draws)

    module = OwnModule(made(noisy))
    params = {"params": {"Dense_0": {"kernel": jnp.zeros((4, 2)), "bias": jnp.zeros(2)}}}
    draws = [
        np.asarray(module.apply(params, jnp.ones((3, 4)), train=True, rngs=streams(one)))
        for one in jax.random.split(key)
    ]
    assert len(np.unique(np.concatenate(draws).ravel())) == 12


def test_what_a_module_keeps_is_kept_through_training(data):
    run = dlfun.make_run(dlfun.model(made(moving), name="moving"), data, steps=3, evaluations=1)
    carry, _ = run.advance(run.init(run.hparams, run.streams(0)), run.hparams, run.data)
    assert carry.state.model_state["cache"]["count"] == 3
