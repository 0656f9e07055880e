"""Compares our arrays with NumPy: the shape, the dtype and, if it is known, the content of many small expressions."""

from typing import Any

import pytest

from convcalc.read.code.data.arrays import Array
from convcalc.read.code.file import follow
from convcalc.read.code.language.values import Unknown

np = pytest.importorskip("numpy")

START = """
import numpy as np
a = np.arange(24).reshape(2, 3, 4)
b = np.ones((3, 1), dtype="float32")
u = np.array([[1, 2, 3], [4, 5, 6]], dtype=np.uint8)
f = np.array([1.5, 2.5, -3.0])
m = np.array([True, False, True])
"""
# Each line is an expression. NumPy computes the expected result.
EXPRESSIONS = """
a.shape
a[0]
a[0,1]
a[0,1,2]
a[...,0]
a[:,None]
a[:,np.newaxis,1:]
a[::-1]
a[:, :, -2:]
a[:, 1:3, ::2]
a[1:5]
a[-1]
a[[0,1,1]]
a[:,[0,2]]
a[:,[0,2],1]
a[0,:,[0,2]]
a[np.array([1,0])]
a[[0,1],[1,2]]
a[[0,1],:,[1,2]]
a[m[:2]]
a[:,m]
a[a>5]
a>5
a+1
a+1.5
a*b
b*2
b*2.5
b/2
u+1
u*2
u/2
u//2
u%2
u**2
-u
~u
u/255.0
u.astype('float32')/255.0
u.astype(np.float32)/255
u.astype(float)
u-u
u@u.T
u.T
a@a.transpose(0,2,1)
f@f
np.dot(u,f)
np.dot(a,np.ones((4,5)))
abs(f)
m&m
m|m
~m
m+m
m+1
m*1.0
m*f
m.sum()
m.mean()
a.sum()
a.sum(axis=0)
a.sum(axis=(0,2))
a.sum(axis=-1,keepdims=True)
a.mean()
a.mean(axis=1)
b.mean(axis=0)
b.mean()
u.sum()
u.sum(axis=0)
u.max()
u.max(axis=1)
u.min(axis=0)
a.std(axis=0)
f.prod()
a.prod(axis=2)
np.prod(a.shape)
np.prod(a.shape[1:])
np.prod([2,3])
np.prod([])
np.prod((2,3),dtype='int32')
int(np.prod(a.shape))
np.sum([1,2,3])
np.max([1,5,2])
np.argmax([1,5,2])
a.argmax(axis=1)
np.argmax(u,axis=-1)
np.argmin(f)
a.any()
a.all(axis=0)
a.cumsum()
a.cumsum(axis=1)
a.reshape(-1)
a.reshape(6,4)
a.reshape((6,-1))
a.reshape(2,-1,2)
a.reshape(5,-1)
a.reshape([4,6])
a.flatten()
a.ravel()
a.transpose()
a.transpose(1,0,2)
a.transpose((2,0,1))
a.swapaxes(0,2)
a.T
a.squeeze()
b.squeeze()
b.squeeze(axis=1)
b.squeeze(1)
b.size
a.nbytes
a.ndim
a.dtype
b.dtype
a.tolist()
f.tolist()
len(a)
a.astype('int32')
a.astype(bool)
f.astype(int)
f.astype('uint8')
np.zeros((2,3))
np.zeros(3)
np.zeros((2,3),dtype=int)
np.zeros((2,3),'float32')
np.zeros((2,3),dtype=np.uint8)
np.zeros([2,3])
np.ones(a.shape)
np.ones((1,2,3),dtype='bool')
np.full((2,2),7)
np.full((2,2),7.5)
np.full(3,True)
np.full((2,2),7,dtype='float32')
np.empty((2,0))
np.zeros_like(a)
np.ones_like(b)
np.full_like(a,3)
np.zeros_like(a,dtype='float32')
np.eye(3)
np.eye(3,4)
np.eye(3,k=1)
np.identity(2)
np.arange(5)
np.arange(2,9,3)
np.arange(5.0)
np.arange(0,1,0.1)
np.arange(10,0,-3)
np.arange(5,dtype='float32')
np.arange(0)
np.linspace(0,1,5)
np.linspace(0,1)
np.linspace(0,1,num=7)
np.array([1,2,3])
np.array([1,2.5])
np.array([[1,2],[3,4]])
np.array([1,2],dtype='float32')
np.array([1,2],dtype=np.int32)
np.array([True,2])
np.array(3)
np.array([])
np.array([[]])
np.array(["a","bb"])
np.array([a,a])
np.array([[1,2],[3]])
np.array((1,2))
np.array(range(4))
np.array([f,f])
np.array([x*x for x in range(4)])
np.asarray([1,2,3])
np.array([1,2,3],ndmin=2)
np.expand_dims(a,0)
np.expand_dims(a,-1)
np.expand_dims(a,axis=1)
np.expand_dims(a,(0,2))
np.squeeze(b)
np.squeeze(np.zeros((1,2,1)))
np.squeeze(np.zeros((1,2,1)),axis=0)
np.concatenate([a,a])
np.concatenate((a,a),axis=1)
np.concatenate([a,a],axis=-1)
np.concatenate([u,np.ones((2,1))],axis=1)
np.concatenate([a,b])
np.stack([u,u])
np.stack([u,u],axis=-1)
np.stack((u,u),axis=1)
np.vstack([f,f])
np.vstack((u,u))
np.hstack([f,f])
np.hstack((u,u))
np.dstack([f,f])
np.dstack([u,u])
np.column_stack([f,f])
np.column_stack((u.T,f))
np.append(f,4)
np.append(f,[1,2])
np.append(u,u,axis=0)
np.pad(u,1)
np.pad(u,((1,2),(0,3)))
np.pad(f,(1,2))
np.pad(u,(1,2))
np.pad(u,((0,0),(1,1)),mode='constant')
np.tile(f,3)
np.tile(u,(2,1))
np.tile(u,2)
np.tile(f,(2,2))
np.repeat(f,2)
np.repeat(u,2,axis=1)
np.repeat(3,4)
np.transpose(a)
np.transpose(a,(1,2,0))
np.transpose(a,[2,0,1])
np.moveaxis(a,-1,0)
np.moveaxis(a,0,-1)
np.moveaxis(a,[0,1],[1,0])
np.rollaxis(a,2)
np.rollaxis(a,2,1)
np.swapaxes(a,0,1)
np.atleast_1d(3)
np.atleast_2d(f)
np.atleast_3d(u)
np.atleast_3d(f)
np.broadcast_to(f,(2,3))
np.unique([3,1,1,2])
np.unique(u)
np.unique([3,1,1,2],return_counts=True)
len(np.unique([1,1,2]))
np.where(a>3)
np.where(m,1,0)
np.where(f>0,f,0.0)
np.split(a,3,axis=1)
np.split(f,[1,2])
np.array_split(np.arange(7),3)
np.delete(a,0,axis=1)
np.delete(u,[0],axis=0)
np.take(f,[0,2])
np.take(u,1,axis=0)
np.sqrt(16)
np.sqrt(a)
np.sqrt(u)
np.sqrt(b)
np.log(8)
np.log2(8)
np.log2(1024)
np.log10(1000)
np.exp(0)
np.exp(f)
int(np.log2(64))
int(np.sqrt(49))
np.floor(2.7)
np.ceil(2.1)
int(np.ceil(7/2))
np.floor(f)
np.ceil(u)
np.round(2.5)
np.round(f)
np.rint(2.5)
np.abs(f)
np.abs(-3)
np.sign(f)
np.square(f)
np.square(u)
np.power(2,5)
np.power(2,f)
np.power(10.0,[1,2])
np.maximum(3,4)
np.maximum(f,0)
np.minimum(u,3)
np.add(u,u)
np.subtract(1,f)
np.multiply(f,2)
np.divide(7,2)
np.floor_divide(7,2)
np.mod(7,4)
np.mean([1,2,3])
np.mean(u)
np.mean(u,axis=0)
np.mean(b)
np.median(a,axis=1)
np.clip(f,0,1)
np.clip(u,2,4)
np.sort([3,1,2])
np.argsort([3,1,2])
np.diff(f)
np.diff(u)
np.outer(f,f)
np.matmul(u,f)
np.matmul(a,np.ones((2,4,5)))
np.linalg.norm(u,axis=1)
np.meshgrid(f,[1,2])
np.meshgrid(f,[1,2],indexing='ij')
np.float32(3)
np.float32(0.1)
np.int64(3.7)
np.uint8(7)
np.int32(5)//2
np.float32(a).dtype
np.shape(a)
np.shape([[1,2],[3,4]])
np.ndim(a)
np.size(a)
np.size(a,1)
np.pi
np.array_equal([1,2],[1,2])
np.random.rand(3,2)
np.random.rand(3,2).astype('float32')
np.random.randn(5)
np.random.random((3,4))
np.random.random(3)
np.random.random(size=(2,2))
np.random.randint(0,10,(3,2))
np.random.randint(10,size=5)
np.random.randint(0,10,size=(3,1))
np.random.uniform(0,1,(3,4))
np.random.uniform(size=(3,4))
np.random.uniform(-1,1,size=3)
np.random.normal(size=(2,3))
np.random.normal(0,1,(2,3))
np.random.normal(loc=0,scale=1,size=[2,3])
np.random.standard_normal((2,2))
np.random.choice(5,3)
np.random.choice([1.5,2.5],size=(2,2))
np.random.permutation(5)
np.random.permutation(u)
np.random.default_rng(0).normal(size=(2,3))
np.random.default_rng(0).integers(0,5,size=(2,))
np.random.default_rng(0).random((2,3))
np.random.RandomState(0).rand(2,3)
np.random.binomial(1,0.5,(3,4))
np.random.poisson(3,(3,4))
np.random.multivariate_normal([0,0],[[1,0],[0,1]],5)
np.ones((2,3),dtype='float16')*2.0
np.ones((2,3),dtype='float16')+np.ones(3,dtype='float32')
np.ones(2,'int8')+np.ones(2,'uint8')
np.ones(2,'int32')+np.ones(2,'float32')
np.ones(2,'uint8')+np.ones(2,'float16')
np.ones(2,'int16')*np.ones(2,'float16')
np.ones(2,'uint64')+np.ones(2,'int64')
np.ones(2,'int8')/np.ones(2,'int8')
np.ones(2,'complex64')*2.0
np.ones(2,'complex64')+np.ones(2,'float64')
1-f
2**np.arange(4)
np.arange(3)**2
np.arange(3)/2
10//np.arange(1,4)
1/np.arange(1,4)
f==1.5
u!=3
3<u
(u>2).sum()
(f>0).astype(int)
u[0].tolist()
u[0][1]
u[0,1]+1
[int(v) for v in u[0]]
[v.shape for v in a]
list(np.arange(3))
sum(np.arange(4))
max(np.array([1,5,2]))
np.zeros((2,3)).shape+(1,)
np.zeros((4,4))[1:3,None].shape
np.copy(a)
a.copy()
a.reshape(a.shape[0],-1)
a.reshape(len(a),3*4)
a.reshape(a.shape+(1,))
a[:,:,:,np.newaxis]
np.float32(u)
u.item(0)
np.array(5).item()
np.cumsum([1,2,3])
np.count_nonzero(m)
np.isnan(f)
np.logical_and(m,m)
np.logical_not(m)
np.percentile(f,[25,75])
np.arange(6).reshape(2,3).sum(0)
np.ones((3,4)).dot(np.ones((4,2)))
np.fliplr(u)
np.ptp(f)
np.exp2(3)
np.nan_to_num(f)
a.max().item()
a.sum().astype(float)
a.max().dtype
np.linspace(0,1,5,endpoint=False)
np.linspace(1,10,10,dtype=int)
a[a>50]
np.array([[1,2],[3,4]])[np.array([[True,False],[True,True]])]
"""


def agrees(expected: Any, result: Any) -> bool:
    """Returns True if our result is that of NumPy. The content of our result may be unknown."""
    if isinstance(expected, Exception):
        return isinstance(result, Unknown)
    if isinstance(expected, np.ndarray):
        if not isinstance(result, Array) or result.shape != expected.shape:
            return False
        if result.dtype != ("str" if expected.dtype.kind == "U" else str(expected.dtype)):
            return False
        return (
            result.flat is None or bool(np.allclose(result.flat, expected.ravel(), rtol=1e-15, atol=0))
            if expected.dtype.kind != "U"
            else result.flat == list(expected)
        )
    if isinstance(expected, (list, tuple)):
        return isinstance(result, (list, tuple)) and len(result) == len(expected) and all(map(agrees, expected, result))
    if isinstance(expected, np.dtype):
        return bool(result == str(expected))
    if isinstance(expected, np.generic):
        return not isinstance(result, (Array, Unknown)) and bool(np.isclose(result, expected, rtol=1e-15, atol=0))
    return bool(result == expected)


def evaluated(expression: str) -> Any:
    variables: dict[str, Any] = {}
    exec(START, variables)
    try:
        return eval(expression, variables)
    except Exception as error:
        return error


@pytest.mark.parametrize("expression", EXPRESSIONS.split("\n")[1:-1])
def test_expression(expression: str) -> None:
    program = follow(f"{START}result = {expression}\n", "program.py")
    result = program.main.variables["result"]
    expected = evaluated(expression)
    assert agrees(expected, result), (expected, result)


@pytest.mark.parametrize(
    ("test", "expected"),
    [
        ("np.zeros(2).dtype == np.float64", True),
        ("np.zeros(2).dtype == float", True),
        ("np.zeros(2).dtype == object", False),
        ("np.zeros(2, dtype=object).dtype == object", True),
        ("np.zeros(2, dtype='int32').dtype == np.int64", False),
        ("tf.constant([1.0]).dtype == tf.float32", True),
        ("keras.Input((1,), dtype=tf.string).dtype == tf.string", True),
        ("keras.Input((1,), dtype=tf.int64).dtype == tf.float32", False),
    ],
)
def test_a_dtype_is_equal_to_its_class(test: str, expected: bool) -> None:
    code = f"import keras, numpy as np, tensorflow as tf\nanswer = {test}"
    assert follow(code, "program.py").main.variables["answer"] is expected
