# session_id or, with a three-legged flow, session_id,login_hint
terraform import camara_qod_session.robot 3fa85f64-5717-4562-b3fc-2c963f66afa6
