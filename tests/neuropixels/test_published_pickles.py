"""Pickles of the published pipeline are imported, and nothing in them is run.

The bytes of pandas 1.5.3 below were written by that version; the others come from the
pandas that is installed.
"""

import base64
import os
import pickle
import zlib

import numpy as np
import pandas as pd
import pytest

from v1model.network.restricted_pickle import RefusedPickleError
from v1model.neuropixels.published_pickles import read_published_pickle

NAME = "spike_trains_with_stimulus_session_715093703_2.pkl"
IDS = [950910352, 950910364, 7]
COUNTS = np.array(
    [[0, 1, 2], [3, 4, 5], [6, 7, 8], [9, 10, 300], [0, 0, 0], [1, 0, 2]], np.int32
)
MIXED = np.array(["a", 1, 1, 1, 1, 1], object)
FRAMES = [-1, -1, 3, 3, 117, 117]
# pickle.dumps of `frame(kind)` by pandas 1.5.3 and NumPy 1.23.5, compressed.
PANDAS_1_5 = {
    ("last", 4): (
        b"c-n1K(TdYR6m8n1?XKdoh`NIK;L{3Hd=RW4xL6TwFv7l<VUkRnu*o#cOjrvp=)=}7%!9DkH-"
        b"EuT5P!)((0ixWZCwY>%uRFe%{g~YKlopGtKpX2t+-6N?j=(tdSk^)0e0&JH~giG&*A<@IDvi"
        b"ZvvQ)q-d#`6r4dT<Lib88`9vrU_UiLunjF1ZK4ZDP`KN*vd8{u=!0xbGR(Wz%2o_TfCEt*BS"
        b"<RN+%epW*SBlTDD^ntwN^Mk~7)lIWBG?Z0b}8o&HcnyS#qbFZVL$Z3R@k0Hwqt|T%qmi1oB1"
        b"O+TP)wVtoIb6C>s94<+iY4AYKe!(O5i06G2n*5dor&=ped?EyOnBf!Ekrt4FE@Y-hW1oudqi"
        b"dIMeLiEu=bn@2RlChggk>{_-<^t0<L@}48VXPe{x1?B9{Wx{8Jhs#g?{IPj<4>rz&(chDZW%"
        b"rPSzs_O~BfRFl&HGKoJE40q*XW9ECdDy(O~0Xt?6D12vGYfYo`K6k{8K06ZGV08@Bf+nGZKQ"
        b"IAAbJ+tv~#VTiCI|(v5<~=t~NtdQRhdVsHPCrQ&izG!N-qqm~ULoW0@7;N-2Z&9s8BO@Y9`b"
        b"3FxZ=y7xk+MlGX{tB!VhC6K|yh3gan*0Q8n~e)Tap5gq6w_nP(z?P6=0>oB#{wO`&~@DV4M2"
        b"rAV*"
    ),
    ("last", 5): (
        b"c-n1K&2G~`5RMZ&Nq@voB??@64ibtG>LG_pR1{SZiy-wLt=7&uwra1f-L*<3ir~=DN^?MB=!"
        b"sY05fHD$8^G*_&;)g*Z)a@pjK6PY_CxUXeXHRX+^x8raNUnfCHjftg+N$)!3{rj{ug}o5znv"
        b"(J}agQVQ2YxCXG;%=el2T$)`eTgw5x986Ur%KT|kt|BYaI7U}B{gxjo^RTdxTf<-pQ9^R65Q"
        b"Jv1SlPgpfBW$oll|@u1iObl#dfB*M9-&FFdVE4aXcIbwE@6$ZPI&A!R@UOt#v%mnzho!ow6d"
        b"z9neF1`#V0(%Uf2R}4@aZX@HZ{Dg$;vI*b3V-1n&?H9fNLEXSvBFNegtI#WqdYphKR`5;pCg"
        b"Zlt$*S5H=${Q9|SyZbA4fBes4x&_T-aLp^-zJZlDXLaCMr8`8xU#2j_F}3r-Y9A-!t<e35Yw"
        b"G?wlj4NEvhPSi`V@kN@8)1avw?7LsZm8uvbj>63b@IXh)b!Bs$*lr??8us<UZPRoa2EP;heq"
        b"~`sYs4o56Ca-~CtWXC&&9I1fMn_&ykZqb=+}FdtPx-@upF9n~|dcNZSsBu#NSwc3uXUDA_=B"
        b"kGpn$`Cp5wJ9qM+tv}}crK@~8(jbz4Z0gv|KgsoLKyA}GNz_;W9SB)A+%YN^Qm+1^E@w4G@H"
        b"~FjRZG><vbEJ{ujEA`hNgOOF&H"
    ),
    ("first", 5): (
        b"c-n1K&2AGh5Z+C8lk`XYRHDG8=OCd7p&oLmMAf1SViBa?Bg?z-W>?+yu57PLr53@Vp_P0<V("
        b"5ui;1Lk7#2diaAtXVy^m)cVGoEi|{2~1MzUjGP?pI8Vnd-%*<h?|)f`eIm$uv81`WJZe5iX!"
        b">0$NNYn4RV8nb2GcmaAUD1e<WFz-%7mWqk5xwnlTa{nvu#S)>*wVD8ddR9SqIa~fG2dwEOLM"
        b"Rhjwjw+W~3}%BSvMi!HNu0;-%`0y)d_)6b`2>g%(L%Hl9mE=99r4unR>pj3ZNY@@U6f;eR$1"
        b"1jk?q3u)h9THE@>Kn4~E0x;5QC85l=%znxr)a;~#;>Yo-&`S*|mI)IybKv2{ay5)j{dAq_jH"
        b"8|j_y&9jwAe*IjPo&6QLKl&#j-7<}&zlbZ{z9lMu7S*APD%~L-?kt5cg%OtX(P|yX{2f=lh$"
        b"*c8Iu-nszP5YFAboDax$gR4jJ*No!BU}$8fh~r876R(N*<R&X<5hGn%^^Re8?SQI=o9b^dp#"
        b"skGZ*Yl-~B2Q+@tls$U?fYa4SoYtO;wAK&|fZ#a=Q$1@WMyFIL@mhY~4d>b{%#KdwtwsMJ2N"
        b"`_c1&7{WQOrUgG0clx<qvAWC+)nrbur=^+SpM^WLJO{$OUMX|&a}oKZ~>-8lblVQ`jF*$d8+"
        b"8RuCOJT<}_y!$M(Ncb=3O<K6yY%"
    ),
    ("separate", 4): (
        b"c-n1K(Q4E{6is%M-L{IQh+08>@Tr0XAB3(T2v$Tl7@_ZFm?YCp=wuRRCe#HB`p~t7c@TPi^B"
        b"4RCzpdVx?6T|Hfje`Py>oNUxo5uyKWX1{%j`5%<WxmjEm?FdX~n>7zNMPJbNLlK{RU^SX97}"
        b"9B$&sm<)zR}3d&VfQ9&n6DloU-@H#vB*gfNQbANt=@G@1)D`2)sE1EJp;f$pAjxD|?+Nzm$-"
        b"K&=Cl1fRZ*p*0@)k106X4)2pt`N)+d%Kb=h`n<-@Kg8>hp-p>aX%i+px8EHuBVM<VtVBZxV-"
        b"3o?;HOWBuO&9#^tuy(~w>sytlGgbp{xlol2fRj{swcvE?mS4<p3bz<A~_-vPEW8);i24S{?^"
        b"#mkI2poq=4Fyfxwi(AE=V#mTS?k>Rl4*V`c9xWjkk8T3|{CaK8N9!%lcI~vliYJI6SVb{|BO"
        b"LSYzw^!6XQrZ*Ds;sb5$u$Fu<wvWv2Vgf?);IXXW)M#!MUUHX|$^Rmo?>ITO#=R@sB^hN8?|"
        b"(#X}QzZe&)*K-e^CXI8G4=HX2!B^473^U$6v(28+_+G{E`DsKX%>jvV1O&BJ=>&fhf9!IC3{"
        b"VkQnUx8FiQ^)NHM@Y3slb?YZkYi3KE`2~buTK@p+Xe?rH6xs+3>|)<+BEtLK_Wt*"
    ),
    ("integers", 2): (
        b"c-nPS+iuh_5KVU5ZP(nd<$k}UP!?JWEKn$vQi(<^Ql9d%vYf2DiJHyk#EwcOR)UA_wr_j@zr"
        b"ZIT9{4bDoK#g2I2y-e&zzY#9)GU*35z>SH2i+b8*3@+ak9)LThS{R(_df?P_f)G!!T&Co1(h"
        b"UBa9_aV-|@<kHxIZQ$d!ZzQ6vy&<MtM&1n>RV$Yt?EKWjyJ>t~M9SFw#IO`>w1#T~kWXRH#Z"
        b"4#PtzaI;kX1*k-6;?!H>QhYE#ug@h>i0X`7lg<8f}rl2Dq|1Ct*L*+WEjulzz_!=92()UgCm"
        b"x0+GBQYh@&NBM{Xv{^O##v9^pKW?`)57!of+)u4=ReoNBdNtH0IIlWj<x_I8508yLl?D#_#3"
        b"OWiCbXKz9YG4@6tWn9Umk{NSv@7K@$U$w-|O2Jg1>Nw-zti(Cbr_{?rMOI8H5mD%?3eMYxs>"
        b"~eWf`f~8WrRx(E^pyV8&|ErZm+{Xa?$XZ;Dp9}gTBjm2(JC#thBg3z>T6SI;vf8GpGgnCT<0"
        b"a-rEi=P45<_gM!ZwP29=(yz5|Qm(NeQx1Y~NiH5h+#(it`>yPiv)o*IDC)}JR-I{p7C1yPxH"
        b"qQ0ARyM>#2lK(dGfr9D<;2P7GVezNJhp<lmIf7)r4mnULn8{=Ptde$rNR?DwM~Wp%)xU$#Da"
        b"qt#WPTSf|qW+ti8x=QR}qFCDVkwYU8zz!K6$DmIipEJCUwMtShiQz*~1JKaQgQhM=7+QFq5A"
        b"rxEjbB(SnAGOzIm+Rz*+"
    ),
}


def frame(kind="last"):
    table = pd.DataFrame(COUNTS, columns=IDS)
    if kind == "first":
        table.insert(0, "frame", np.array(FRAMES, float))
    elif kind == "objects":
        table["frame"] = np.array([float(label) for label in FRAMES], object)
    elif kind == "separate":  # a block per column
        table = pd.DataFrame({unit: COUNTS[:, k] for k, unit in enumerate(IDS)})
        table["frame"] = FRAMES
    elif kind == "integers":  # in one block with the counts
        table["frame"] = np.array(FRAMES, np.int32)
        table = table.copy()
    elif kind == "words":
        table.columns = table.columns.astype(str).astype(object)
        table["frame"] = np.array(FRAMES, float)
    else:
        table["frame"] = np.array(FRAMES, float)
    return table


KINDS = ("last", "first", "objects", "separate", "integers", "words")


def write(path, value, protocol=4):
    path.write_bytes(pickle.dumps(value, protocol=protocol))
    return path


def assert_is_the_session(binned):
    np.testing.assert_array_equal(binned.counts, COUNTS.reshape(3, 2, 3))
    assert binned.counts.dtype == np.uint16
    assert binned.labels.tolist() == [-1, 3, 117]
    assert binned.units["id"].tolist() == IDS
    assert binned.session_id == "715093703"
    assert "not in the file" in binned.source["times"]


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("kind", KINDS)
def test_files_of_this_pandas_are_imported(tmp_path, kind, protocol):
    path = write(tmp_path / NAME, frame(kind), protocol)
    assert_is_the_session(read_published_pickle(path))


@pytest.mark.parametrize("key", PANDAS_1_5, ids=str)
def test_files_of_pandas_1_5_are_imported(tmp_path, key):
    (tmp_path / NAME).write_bytes(zlib.decompress(base64.b85decode(PANDAS_1_5[key])))
    assert_is_the_session(read_published_pickle(tmp_path / NAME))


def test_pandas_itself_writes_with_the_same_names(tmp_path):
    path = tmp_path / NAME
    frame().to_pickle(path)
    assert_is_the_session(read_published_pickle(path))


def test_the_name_of_the_file_may_say_less(tmp_path):
    path = write(tmp_path / "spike_trains_with_stimulus_session_715093703.pkl", frame())
    with pytest.raises(ValueError, match="pass n_bins"):
        read_published_pickle(path)
    assert_is_the_session(read_published_pickle(path, n_bins=2))
    path = write(tmp_path / "a.pkl", frame())
    with pytest.raises(ValueError, match="pass session_id"):
        read_published_pickle(path, n_bins=2)
    assert read_published_pickle(path, n_bins=2, session_id=5).session_id == "5"


class Call:
    """Pickles as a call of `function`."""

    def __init__(self, function, *args):
        self.call = function, args

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_a_data_frame_that_calls_the_system_is_refused(tmp_path, protocol):
    mark = tmp_path / "mark"
    table = frame()
    table.attrs["x"] = Call(os.system, f"touch {mark}")
    path = write(tmp_path / NAME, table, protocol)
    with pytest.raises(RefusedPickleError, match=r"refused to load \w+\.system") as e:
        read_published_pickle(path)
    assert str(path) in str(e.value) and not mark.exists()


@pytest.mark.parametrize("function", [eval, getattr, pd.read_pickle, pd.eval, open])
def test_no_other_function_is_called(tmp_path, function):
    path = write(tmp_path / NAME, Call(function, "x"))
    with pytest.raises(RefusedPickleError, match="refused to load"):
        read_published_pickle(path)


def test_a_pickle_cannot_change_what_stands_for_pandas(tmp_path):
    """GLOBAL, a state that sets an attribute, BUILD."""
    for name in ("pandas\nDataFrame", "pandas.core.indexes.base\n_new_Index"):
        attack = f"c{name}\n(N}}X\x07\x00\x00\x00columnsK\x01st\x85b.".encode()
        (tmp_path / NAME).write_bytes(attack)
        with pytest.raises(ValueError, match=NAME):
            read_published_pickle(tmp_path / NAME)
    assert_is_the_session(read_published_pickle(write(tmp_path / NAME, frame())))


def test_rows_that_were_lost_are_noticed(tmp_path):
    path = write(tmp_path / NAME, frame().iloc[1:])
    with pytest.raises(ValueError, match="5 rows are no multiple of 2 bins"):
        read_published_pickle(path)
    path = write(tmp_path / NAME, frame().iloc[[0, 2, 3, 4]])
    with pytest.raises(ValueError, match=r"within presentation 0: \[-1, 3\]; rows are"):
        read_published_pickle(path)


def test_another_number_of_bins_is_noticed(tmp_path):
    path = write(tmp_path / NAME, frame())
    with pytest.raises(ValueError, match="or n_bins is not 3"):
        read_published_pickle(path, n_bins=3)
    with pytest.raises(ValueError, match="n_bins must be positive, got 0"):
        read_published_pickle(path, n_bins=0)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t.drop(columns="frame"), "no column 'frame' among 3"),
        (
            lambda t: t.assign(**{"frame": np.nan}),
            "column frame must hold whole numbers",
        ),
        (lambda t: t.rename(columns={7: "snr"}), "column 'snr' is no number of a unit"),
        (lambda t: t.rename(columns={7: "950910352"}), "numbers of units repeat"),
        (
            lambda t: t.assign(frame=np.array(["a", *FRAMES[1:]], object)),
            "frame is no number",
        ),
        (lambda t: t - [1, 0, 0, 0], "column 950910352 has -1 spikes"),
        (lambda t: t / [1.0, 1.0, 2.0, 1.0], r"column 7 must hold .* got 2\.5 in row"),
        (lambda t: t.set_axis([1, 1, 2, "frame"], axis=1), "names of columns repeat"),
        (lambda t: t["frame"], "refused to load pandas"),
        (lambda t: {"frame": FRAMES}, "no data frame, but dict"),
    ],
)
def test_other_tables_are_refused_by_file_and_column(tmp_path, change, words):
    path = write(tmp_path / NAME, change(frame()))
    with pytest.raises(ValueError, match=words) as error:
        read_published_pickle(path)
    assert str(path) in str(error.value)


@pytest.mark.parametrize("protocol", [4, 5])
def test_a_truncated_file_is_refused_by_name(tmp_path, protocol):
    whole = pickle.dumps(frame(), protocol=protocol)
    for size in range(0, len(whole), 37):
        (tmp_path / NAME).write_bytes(whole[:size])
        with pytest.raises(ValueError, match=NAME):
            read_published_pickle(tmp_path / NAME)


def test_a_file_of_old_pandas_is_refused_with_what_to_do(tmp_path):
    """Before 1.3 a manager was made empty and told its blocks later."""
    attack = b"cpandas.core.internals.managers\nBlockManager\n)R."
    (tmp_path / NAME).write_bytes(attack)
    with pytest.raises(RefusedPickleError, match="before 1.3; save it anew"):
        read_published_pickle(tmp_path / NAME)


def test_a_data_frame_without_content_is_incomplete(tmp_path):
    for attack in (b"cpandas\nDataFrame\n)\x81.", b"cpandas\nDataFrame\n)\x81}b."):
        (tmp_path / NAME).write_bytes(b"\x80\x02" + attack)
        with pytest.raises(ValueError, match="not a complete data frame"):
            read_published_pickle(tmp_path / NAME)


class Damaging(pickle.Pickler):
    """Writes data frames whose blocks do not fit; `damage` changes the blocks."""

    def __init__(self, file, damage):
        super().__init__(file, protocol=4)
        self._damage = damage

    def reducer_override(self, item):
        if type(item).__name__ != "BlockManager":
            return NotImplemented
        function, (blocks, axes), *_ = item.__reduce__()
        return function, (self._damage([block.__reduce__() for block in blocks]), axes)


def rebuilt(reduced, **change):
    function, (values, place, n_dimensions), *_ = reduced
    new = {"values": values, "place": place, **change}
    return Call(function, new["values"], new["place"], n_dimensions)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"place": slice(0, 2)}, "3 columns at 2 places"),
        ({"place": slice("a")}, "not a complete data frame"),
        ({"values": np.ones((3, 5))}, r"a block of shape \(3, 5\)"),
        (None, "a column without values"),
    ],
)
def test_blocks_that_do_not_fit_are_refused(tmp_path, change, words):
    def damage(blocks):
        if change is None:
            return [rebuilt(blocks[0])]
        return [rebuilt(blocks[0], **change), *(rebuilt(b) for b in blocks[1:])]

    with (tmp_path / NAME).open("wb") as file:
        Damaging(file, damage).dump(frame())
    with pytest.raises(ValueError, match=words):
        read_published_pickle(tmp_path / NAME)


def test_a_missing_file_is_missing(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_published_pickle(tmp_path / NAME)


def test_a_file_without_units_or_rows_is_refused(tmp_path):
    path = tmp_path / "spike_trains_with_stimulus_session_1_2.pkl"
    labels = pd.DataFrame({"frame": [0, 0, 1, 1]})
    labels.columns = labels.columns.astype(object)
    labels.to_pickle(path)
    with pytest.raises(ValueError, match="_1_2.pkl: there must be .* got 0 and 2"):
        read_published_pickle(path)
    pd.DataFrame({"frame": [], 7: []}).to_pickle(path)
    with pytest.raises(ValueError, match="_1_2.pkl: there must be .* got 1 and 0"):
        read_published_pickle(path)
