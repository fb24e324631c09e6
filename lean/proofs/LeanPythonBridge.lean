module

public import LeanPythonBridge.Certificate.AssignmentOperation
public import LeanPythonBridge.Certificate.ConvexQuadraticOperation
public import LeanPythonBridge.Certificate.Dot
public import LeanPythonBridge.Certificate.Echo
public import LeanPythonBridge.Certificate.EigenvalueBoundsOperation
public import LeanPythonBridge.Certificate.Exchange
public import LeanPythonBridge.Certificate.InverseOperation
public import LeanPythonBridge.Certificate.LeastSquaresOperation
public import LeanPythonBridge.Certificate.LinearInferenceOperation
public import LeanPythonBridge.Certificate.LinearProgramOperation
public import LeanPythonBridge.Certificate.LyapunovContinuous
public import LeanPythonBridge.Certificate.LyapunovDiscrete
public import LeanPythonBridge.Certificate.Matmul
public import LeanPythonBridge.Certificate.MatrixSum
public import LeanPythonBridge.Certificate.Matvec
public import LeanPythonBridge.Certificate.MaxFlowOperation
public import LeanPythonBridge.Certificate.NetworkBoundsOperation
public import LeanPythonBridge.Certificate.NetworkInferenceOperation
public import LeanPythonBridge.Certificate.NetworkMarginsOperation
public import LeanPythonBridge.Certificate.Ping
public import LeanPythonBridge.Certificate.PositiveDefiniteOperation
public import LeanPythonBridge.Certificate.QuadraticProgramOperation
public import LeanPythonBridge.Certificate.ShortestPathsOperation
public import LeanPythonBridge.Certificate.SolveOperation
public import LeanPythonBridge.Certificate.Sort
public import LeanPythonBridge.Certificate.Standardize
public import LeanPythonBridge.Certificate.TopK
public import LeanPythonBridge.Certificate.TreeInferenceOperation
public import PythonIntegration

/-!
# lean-python-bridge

What a package that depends on this one imports: the certified operations, and `withBridge` and `Bridge.certified`, by
which a Lean program calls them.
-/
