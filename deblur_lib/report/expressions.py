"""Arithmetic over named numbers, read by Python's own parser and evaluated without `eval`.

An expression holds keys such as T1.gopro_test.psnr_db.wan2023, numbers, + - * /, parentheses, and
max() and min() of two or more parts. Everything else is refused.
"""

import ast
import operator
from collections.abc import Callable, Mapping
from functools import cache, reduce
from typing import Any

import numpy as np

from deblur_lib.errors import DeclarationError

_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_UNARY: dict[type[ast.unaryop], Callable[[Any], Any]] = {
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
}
_CALLS: dict[str, Callable[[Any, Any], Any]] = {"max": np.maximum, "min": np.minimum}


def keys(expression: str) -> tuple[str, ...]:
    """Names that an expression needs, in reading order, each once.

    Raises:
        DeclarationError: it holds something other than the arithmetic above.
    """
    found: dict[str, None] = {}

    def note(key: str) -> np.float64:
        found[key] = None
        return np.float64(1)

    with np.errstate(all="ignore"):
        _value(_parse(expression), note, expression)
    return tuple(found)


def evaluate(expression: str, values: Mapping[str, Any]) -> Any:
    """Value of an expression.

    Args:
        expression: see the module docstring.
        values: number or array of each key; arrays are combined element by element.

    Raises:
        DeclarationError: a key without a value, or something that is not arithmetic.
    """

    def look_up(key: str) -> Any:
        if key not in values:
            raise DeclarationError(f"{expression!r} needs {key}, given are {sorted(values)}")
        value = values[key]
        return np.float64(value) if isinstance(value, int | float) else value

    with np.errstate(all="ignore"):  # a division by zero gives an infinity that no rule accepts
        return _value(_parse(expression), look_up, expression)


@cache
def _parse(expression: str) -> ast.expr:
    try:
        return ast.parse(expression.strip(), mode="eval").body
    except (SyntaxError, ValueError) as error:
        raise DeclarationError(
            f"{expression!r} is not an arithmetic expression ({error})"
        ) from error


def _value(node: ast.expr, look_up: Callable[[str], Any], source: str) -> Any:
    match node:
        case ast.Constant(value=bool()):
            pass
        case ast.Constant(value=int() | float() as number):
            return np.float64(number)
        case ast.Name() | ast.Attribute() if _is_key(ast.unparse(node)):
            return look_up(ast.unparse(node))
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
            parts = (_value(left, look_up, source), _value(right, look_up, source))
            return _BINARY[type(op)](*parts)
        case ast.UnaryOp(op=sign, operand=operand) if type(sign) in _UNARY:
            return _UNARY[type(sign)](_value(operand, look_up, source))
        case ast.Call(func=ast.Name(id=name), args=[_, _, *_] as args, keywords=[]) if (
            name in _CALLS and not any(isinstance(one, ast.Starred) for one in args)
        ):
            return reduce(_CALLS[name], (_value(one, look_up, source) for one in args))
        case _:
            pass
    raise DeclarationError(
        f"{source!r} may hold keys, numbers, + - * /, max() and min() of two or more parts; "
        f"{ast.unparse(node)!r} is something else"
    )


def _is_key(text: str) -> bool:
    return all(map(str.isidentifier, text.split(".")))
